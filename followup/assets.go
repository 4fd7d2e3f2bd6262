package followup

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/callwaiting-ai/callwaiting/tenant"
)

// documentTypes are the MIME types of the files that can be sent, by extension.
var documentTypes = map[string]string{
	".pdf":  "application/pdf",
	".png":  "image/png",
	".jpg":  "image/jpeg",
	".jpeg": "image/jpeg",
	".txt":  "text/plain; charset=utf-8",
}

// maxInMemory bounds a document of a file system without seekable files.
const maxInMemory = 32 << 20

// Folder is the default [Assets]: a folder with one folder per clinic, and in
// it the clinic's documents, each a PDF, PNG, JPEG or text file. Links in a file
// system made by [os.DirFS] may lead out of a clinic's folder; those in one made
// by [os.Root] stay inside. Safe for concurrent use if its file system is.
type Folder struct {
	root fs.FS
	name func(tenant.ID) string
}

// NewFolder returns the Folder root. name returns the name of a clinic's folder;
// empty: the clinic has no folder. A nil name means the clinic's ID.
func NewFolder(root fs.FS, name func(tenant.ID) string) (*Folder, error) {
	if root == nil {
		return nil, errors.New("followup: NewFolder: root is nil: pass the folder of the documents, such as os.DirFS(\"documents\")")
	}
	if name == nil {
		name = tenant.ID.String
	}
	return &Folder{root: root, name: name}, nil
}

// Open implements [Assets].
func (f *Folder) Open(_ context.Context, org tenant.ID, name string) (Document, error) {
	if org.IsZero() {
		return Document{}, tenant.ErrNoOrg
	}
	folder, kind := f.name(org), documentTypes[strings.ToLower(path.Ext(name))]
	if !ValidDocumentName(folder) || !ValidDocumentName(name) || kind == "" {
		return Document{}, ErrNotFound
	}
	file := folder + "/" + name
	info, err := fs.Stat(f.root, file) // before it is opened: a pipe would block
	if err != nil {
		return Document{}, documentError(org, err)
	}
	if !info.Mode().IsRegular() {
		return Document{}, ErrNotFound
	}
	opened, err := f.root.Open(file)
	if err != nil {
		return Document{}, documentError(org, err)
	}
	content, err := seekable(opened)
	if err != nil {
		return Document{}, documentError(org, err)
	}
	return Document{ReadSeekCloser: content, Type: kind, Changed: info.ModTime()}, nil
}

// ValidDocumentName reports whether name can name a document: a plain file name,
// without a folder, of at most 255 bytes, and not hidden.
func ValidDocumentName(name string) bool {
	return name != "" && len(name) <= 255 && name[0] != '.' && utf8.ValidString(name) &&
		!strings.ContainsAny(name, `/\:`) && !strings.ContainsFunc(name, unicode.IsControl)
}

// documentError removes the file's name from an error.
func documentError(org tenant.ID, err error) error {
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, fs.ErrInvalid) {
		return ErrNotFound
	}
	var inPath *fs.PathError
	if errors.As(err, &inPath) {
		err = inPath.Err
	}
	return fmt.Errorf("followup: unreadable document of clinic %s: %w", org, err)
}

// seekable returns the file if it can seek, or else its content.
func seekable(file fs.File) (io.ReadSeekCloser, error) {
	if f, ok := file.(io.ReadSeekCloser); ok {
		return f, nil
	}
	content, err := io.ReadAll(io.LimitReader(file, maxInMemory+1))
	if closed := file.Close(); err == nil {
		err = closed
	}
	if err == nil && len(content) > maxInMemory {
		err = fmt.Errorf("it is larger than %d bytes and its file system cannot seek", maxInMemory)
	}
	return inMemory{bytes.NewReader(content)}, err
}

type inMemory struct{ *bytes.Reader }

func (inMemory) Close() error { return nil }
