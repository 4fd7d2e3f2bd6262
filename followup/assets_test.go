package followup_test

import (
	"archive/zip"
	"bytes"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"testing"
	"testing/fstest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/callwaiting-ai/callwaiting/followup"
	"github.com/callwaiting-ai/callwaiting/tenant"
)

var (
	surgery = tenant.MustParseID("3b0c7c1e-52a0-4f4e-9d55-4b8c31a7b001")
	other   = tenant.MustParseID("3b0c7c1e-52a0-4f4e-9d55-4b8c31a7b002")
)

func folder(t testing.TB, root fs.FS) *followup.Folder {
	t.Helper()
	f, err := followup.NewFolder(root, nil)
	require.NoError(t, err)
	return f
}

func TestFolder_Open(t *testing.T) {
	t.Parallel()
	changed := time.Date(2026, 11, 2, 9, 0, 0, 0, time.UTC)
	dir := surgery.String() + "/"
	f := folder(t, fstest.MapFS{
		dir + "botox.pdf":     {Data: []byte("%PDF-1.7"), ModTime: changed},
		dir + "Nach dem.PDF":  {Data: []byte("%PDF-1.7")},
		dir + "picture.png":   {Data: []byte("png")},
		dir + "picture.jpg":   {Data: []byte("jpg")},
		dir + "picture.jpeg":  {Data: []byte("jpg")},
		dir + "größe.v2..txt": {Data: []byte("txt")},
	})
	for name, kind := range map[string]string{
		"botox.pdf":     "application/pdf",
		"Nach dem.PDF":  "application/pdf",
		"picture.png":   "image/png",
		"picture.jpg":   "image/jpeg",
		"picture.jpeg":  "image/jpeg",
		"größe.v2..txt": "text/plain; charset=utf-8",
	} {
		doc, err := f.Open(t.Context(), surgery, name)
		require.NoError(t, err, name)
		require.Equal(t, kind, doc.Type)
		require.NoError(t, doc.Close())
	}
	doc, err := f.Open(t.Context(), surgery, "botox.pdf")
	require.NoError(t, err)
	require.Equal(t, changed, doc.Changed)
	content, err := io.ReadAll(doc)
	require.NoError(t, err)
	require.Equal(t, "%PDF-1.7", string(content))
	at, err := doc.Seek(1, io.SeekStart)
	require.NoError(t, err)
	require.EqualValues(t, 1, at)
}

func TestFolder_Open_OtherClinicsDocument(t *testing.T) {
	t.Parallel()
	dir, foreign := surgery.String()+"/", other.String()+"/"
	f := folder(t, fstest.MapFS{
		dir + "botox.pdf":        {},
		dir + "page.html":        {},
		dir + "plain":            {},
		dir + ".hidden.pdf":      {},
		dir + "deep/botox.pdf":   {},
		dir + "folder.pdf/a.pdf": {},
		dir + "pipe.pdf":         {Mode: fs.ModeNamedPipe},
		foreign + "foreign.pdf":  {},
		"loose.pdf":              {},
	})
	for _, name := range []string{
		"", ".", "..", "/", "missing.pdf", "page.html", "plain", ".hidden.pdf", ".pdf", "deep/botox.pdf", "folder.pdf", "pipe.pdf",
		"foreign.pdf", "../" + other.String() + "/foreign.pdf", `..\` + other.String() + `\foreign.pdf`, "../loose.pdf", "loose.pdf",
		"./botox.pdf", "/botox.pdf", "botox.pdf/", "botox.pdf\x00", "botox\n.pdf", "c:botox.pdf", "\xffbotox.pdf",
		string(bytes.Repeat([]byte("a"), 300)) + ".pdf",
	} {
		_, err := f.Open(t.Context(), surgery, name)
		require.Equal(t, followup.ErrNotFound, err, name)
	}
	_, err := f.Open(t.Context(), tenant.NewID(), "botox.pdf")
	require.Equal(t, followup.ErrNotFound, err)
	_, err = f.Open(t.Context(), tenant.ID{}, "botox.pdf")
	require.ErrorIs(t, err, tenant.ErrNoOrg)
}

func TestNewFolder_Name(t *testing.T) {
	t.Parallel()
	root := fstest.MapFS{"harley/a.pdf": {}, "a.pdf": {}}
	named := map[tenant.ID]string{surgery: "harley", other: ".."}
	f, err := followup.NewFolder(root, func(org tenant.ID) string { return named[org] })
	require.NoError(t, err)
	doc, err := f.Open(t.Context(), surgery, "a.pdf")
	require.NoError(t, err)
	require.NoError(t, doc.Close())
	for _, org := range []tenant.ID{other, tenant.NewID()} {
		_, err = f.Open(t.Context(), org, "a.pdf")
		require.Equal(t, followup.ErrNotFound, err, "a clinic without a folder, or with a way to one")
	}
	_, err = followup.NewFolder(nil, nil)
	require.ErrorContains(t, err, "root")
}

func TestFolder_Open_Disk(t *testing.T) {
	t.Parallel()
	disk := t.TempDir()
	dir := filepath.Join(disk, surgery.String())
	require.NoError(t, os.MkdirAll(dir, 0o755))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "a.pdf"), []byte("%PDF"), 0o644))
	require.NoError(t, os.WriteFile(filepath.Join(disk, "outside.pdf"), []byte("%PDF"), 0o644))
	require.NoError(t, os.Symlink(filepath.Join(disk, "..", "outside.pdf"), filepath.Join(dir, "link.pdf")))
	root, err := os.OpenRoot(disk)
	require.NoError(t, err)
	t.Cleanup(func() { _ = root.Close() })
	f := folder(t, root.FS())

	doc, err := f.Open(t.Context(), surgery, "a.pdf")
	require.NoError(t, err)
	content, err := io.ReadAll(doc)
	require.NoError(t, err)
	require.Equal(t, "%PDF", string(content))
	require.NoError(t, doc.Close())

	_, err = f.Open(t.Context(), surgery, "link.pdf")
	require.Error(t, err, "a link does not lead out")
}

func TestFolder_Open_FileWithoutSeek(t *testing.T) {
	t.Parallel()
	var archive bytes.Buffer
	w := zip.NewWriter(&archive)
	for name, size := range map[string]int{"a.pdf": 10_000, "large.pdf": 32<<20 + 1} {
		file, err := w.Create(surgery.String() + "/" + name)
		require.NoError(t, err)
		_, err = file.Write(make([]byte, size))
		require.NoError(t, err)
	}
	require.NoError(t, w.Close())
	files, err := zip.NewReader(bytes.NewReader(archive.Bytes()), int64(archive.Len()))
	require.NoError(t, err)
	f := folder(t, files)

	doc, err := f.Open(t.Context(), surgery, "a.pdf")
	require.NoError(t, err)
	size, err := doc.Seek(0, io.SeekEnd)
	require.NoError(t, err)
	require.EqualValues(t, 10_000, size)
	require.NoError(t, doc.Close())

	_, err = f.Open(t.Context(), surgery, "large.pdf")
	require.ErrorContains(t, err, "larger")
}

// forbidden is a file system that denies every read.
type forbidden struct{}

func (forbidden) Open(name string) (fs.File, error) {
	return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrPermission}
}

func TestFolder_Open_ErrorOmitsName(t *testing.T) {
	t.Parallel()
	_, err := folder(t, forbidden{}).Open(t.Context(), surgery, "rhinoplasty.pdf")
	require.ErrorIs(t, err, fs.ErrPermission)
	require.False(t, errors.Is(err, followup.ErrNotFound))
	require.NotContains(t, err.Error(), "rhinoplasty")
	require.Contains(t, err.Error(), surgery.String())
}
