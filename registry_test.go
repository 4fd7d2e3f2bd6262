package callwaiting_test

import (
	"bytes"
	"context"
	"errors"
	"io/fs"
	"log/slog"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/fstest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/callwaiting-ai/callwaiting"
	"github.com/callwaiting-ai/callwaiting/adapters/memory"
	"github.com/callwaiting-ai/callwaiting/followup"
	"github.com/callwaiting-ai/callwaiting/tenant"
	"github.com/callwaiting-ai/callwaiting/tenant/tenanttest"
)

// demoClinics is the folder of the demo clinics.
var demoClinics = os.DirFS("examples/internal/demo/clinics")

// environment resolves the secrets of the demo clinics.
var environment = map[string]string{
	"VAPI_SECRET_HARLEY": "the secret of harley",
	"VAPI_SECRET_IKEJA":  "the secret of ikeja",
	"VAPI_SECRET_AAA":    "the secret of a third clinic",
}

func lookup(name string) (string, bool) {
	value, ok := environment[name]
	return value, ok
}

// folder returns a copy of the folder of the demo clinics that can be changed.
func folder(t *testing.T) fstest.MapFS {
	t.Helper()
	files := fstest.MapFS{}
	require.NoError(t, fs.WalkDir(demoClinics, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		text, err := fs.ReadFile(demoClinics, name)
		files[name] = &fstest.MapFile{Data: text}
		return err
	}))
	return files
}

func registryConfig(files fs.FS) callwaiting.RegistryConfig {
	return callwaiting.RegistryConfig{
		Clinics: callwaiting.ClinicFolder(files), Documents: files,
		Secrets: callwaiting.SecretSource{LookupEnv: lookup},
		Log:     slog.New(slog.DiscardHandler),
	}
}

func TestRegistry(t *testing.T) {
	files := folder(t)
	for _, key := range []string{"harley", "ikeja"} {
		text := strings.Replace(string(files[key+".json"].Data), `"secrets"`,
			`"vapi": {"phone_number_ids": ["number-`+key+`"], "assistant_ids": ["assistant-`+key+`"]}, "secrets"`, 1)
		files[key+".json"].Data = []byte(text)
	}
	r, err := callwaiting.NewRegistry(t.Context(), registryConfig(files))
	require.NoError(t, err)
	h := tenanttest.DirectoryHarness{Directory: r}
	for _, org := range r.Orgs() {
		_, secrets, err := r.ByKey(t.Context(), org.Key)
		require.NoError(t, err)
		h.Clinics = append(h.Clinics, tenant.Registration{
			Org: org, Secrets: secrets, PhoneNumberIDs: []string{"number-" + org.Key}, AssistantIDs: []string{"assistant-" + org.Key},
		})
	}
	tenanttest.RunDirectory(t, h)
}

func TestNewRegistry(t *testing.T) {
	t.Parallel()
	for want, spoil := range map[string]func(files fstest.MapFS, cfg *callwaiting.RegistryConfig){
		"Config.Clinics is nil": func(_ fstest.MapFS, cfg *callwaiting.RegistryConfig) { cfg.Clinics = nil },
		"no clinic found: add a document": func(files fstest.MapFS, _ *callwaiting.RegistryConfig) {
			clear(files)
			files["README"] = &fstest.MapFile{}
		},
		"harley.json: key: is \"ikeja\": name the file ikeja.json": func(files fstest.MapFS, _ *callwaiting.RegistryConfig) {
			files["harley.json"] = files["ikeja.json"]
		},
		"id: is also that of the clinic harley": func(files fstest.MapFS, _ *callwaiting.RegistryConfig) {
			text := strings.Replace(string(files["ikeja.json"].Data), "c1e3f6b8-2d64-4f0b-8a57-0e9b7d3c5a02", "5b0c9a52-6f0e-4c7e-9d39-6a8c4a6f2d01", 1)
			files["ikeja.json"].Data = []byte(text)
		},
		"ikeja: secrets.current: is env:VAPI_SECRET_NONE: not found or empty: set it": func(files fstest.MapFS, _ *callwaiting.RegistryConfig) {
			files["ikeja.json"].Data = bytes.Replace(files["ikeja.json"].Data, []byte("env:VAPI_SECRET_IKEJA\""), []byte("env:VAPI_SECRET_NONE\""), 1)
		},
		"ikeja: secrets.current: holds a secret in plain text": func(files fstest.MapFS, _ *callwaiting.RegistryConfig) {
			files["ikeja.json"].Data = bytes.Replace(files["ikeja.json"].Data, []byte("env:VAPI_SECRET_IKEJA\""), []byte("a plain secret of ikeja\""), 1)
		},
		"ikeja: secrets.current: is also that of the clinic harley": func(files fstest.MapFS, _ *callwaiting.RegistryConfig) {
			files["ikeja.json"].Data = bytes.Replace(files["ikeja.json"].Data, []byte("env:VAPI_SECRET_IKEJA\""), []byte("env:VAPI_SECRET_HARLEY\""), 1)
		},
		"harley: secrets.current: is env:VAPI_SECRET_HARLEY, which this program does not resolve": func(_ fstest.MapFS, cfg *callwaiting.RegistryConfig) {
			cfg.Secrets.LookupEnv = nil
		},
		"harley: secrets.current: is a secret of fewer than 16 bytes": func(_ fstest.MapFS, cfg *callwaiting.RegistryConfig) {
			cfg.Secrets.LookupEnv = func(string) (string, bool) { return "short", true }
		},
		"harley: services[1].document: is \"botox.pdf\": no such PDF": func(files fstest.MapFS, _ *callwaiting.RegistryConfig) {
			delete(files, "harley/botox.pdf")
		},
		"harley: services[1].document: names a file, and there is no folder": func(_ fstest.MapFS, cfg *callwaiting.RegistryConfig) {
			cfg.Documents = nil
		},
		"ikeja: secrets.previous: is also that of the clinic harley": func(files fstest.MapFS, _ *callwaiting.RegistryConfig) {
			files["ikeja.json"].Data = bytes.Replace(files["ikeja.json"].Data, []byte("env:VAPI_SECRET_IKEJA_PREVIOUS\""), []byte("env:VAPI_SECRET_HARLEY\""), 1)
		},
		"harley: secrets.current: is file:/run/secret: not readable: give this program the permission": func(files fstest.MapFS, cfg *callwaiting.RegistryConfig) {
			files["harley.json"].Data = bytes.Replace(files["harley.json"].Data, []byte("env:VAPI_SECRET_HARLEY\""), []byte("file:/run/secret\""), 1)
			cfg.Secrets.ReadFile = func(string) ([]byte, error) { return nil, fs.ErrPermission }
		},
		"invalid clinic document: is nil: give a Clinic": func(_ fstest.MapFS, cfg *callwaiting.RegistryConfig) {
			cfg.Clinics = callwaiting.StaticClinics{nil}
		},
	} {
		t.Run(want, func(t *testing.T) {
			files := folder(t)
			cfg := registryConfig(files)
			spoil(files, &cfg)
			_, err := callwaiting.NewRegistry(t.Context(), cfg)
			require.ErrorContains(t, err, want)
			require.NotContains(t, err.Error(), "plain secret of ikeja")
		})
	}
	t.Run("a secret in a file is read without its last line break", func(t *testing.T) {
		files := folder(t)
		files["harley.json"].Data = bytes.Replace(files["harley.json"].Data, []byte("env:VAPI_SECRET_HARLEY\""), []byte("file:/run/secret\""), 1)
		cfg := registryConfig(files)
		cfg.Secrets.ReadFile = func(string) ([]byte, error) { return []byte("the secret in a file\n"), nil }
		r, err := callwaiting.NewRegistry(t.Context(), cfg)
		require.NoError(t, err)
		_, secrets, err := r.ByKey(t.Context(), "harley")
		require.NoError(t, err)
		require.Equal(t, tenant.Secrets{Current: "the secret in a file"}, secrets)
	})
}

func TestRegistry_Reload(t *testing.T) {
	t.Parallel()
	files := folder(t)
	var log bytes.Buffer
	cfg := registryConfig(files)
	cfg.Log = slog.New(slog.NewTextHandler(&log, nil))
	r, err := callwaiting.NewRegistry(t.Context(), cfg)
	require.NoError(t, err)
	harley, ikeja := r.Orgs()[0].ID, r.Orgs()[1].ID
	before, err := r.Catalog(t.Context(), harley)
	require.NoError(t, err)
	change := func(name, from, to string) {
		changed := bytes.Replace(files[name].Data, []byte(from), []byte(to), 1)
		require.NotEqual(t, string(files[name].Data), string(changed))
		files[name] = &fstest.MapFile{Data: changed, ModTime: files[name].ModTime.Add(time.Second)}
		log.Reset()
		r.Reload(t.Context())
	}

	r.Reload(t.Context())
	require.Empty(t, log.String(), "unchanged documents leave no log line")
	same, err := r.Catalog(t.Context(), harley)
	require.NoError(t, err)
	require.Same(t, before, same)

	change("harley.json", "Harley Street Clinic", "Harley Lane Clinic")
	require.Equal(t, "Harley Lane Clinic", r.Orgs()[0].Name)
	require.Contains(t, log.String(), "clinic document reloaded")
	require.Equal(t, 1, strings.Count(log.String(), "\n"))

	t.Run("an invalid document leaves the clinic as it was", func(t *testing.T) {
		change("harley.json", `"Europe/London"`, `"Europe/Londn"`)
		require.Equal(t, "Harley Lane Clinic", r.Orgs()[0].Name)
		require.Contains(t, log.String(), "clinic document invalid, previous version stays")
		require.Contains(t, log.String(), "Europe/Londn")
		log.Reset()
		r.Reload(t.Context())
		require.Empty(t, log.String(), "one error is logged once")
	})
	t.Run("a clinic's id cannot change", func(t *testing.T) {
		change("ikeja.json", "c1e3f6b8", "c1e3f6b9")
		require.Equal(t, ikeja, r.Orgs()[1].ID)
		require.Contains(t, log.String(), "must never change")
	})
	t.Run("a removed document ends the clinic", func(t *testing.T) {
		delete(files, "ikeja.json")
		r.Reload(t.Context())
		_, _, err := r.ByKey(t.Context(), "ikeja")
		require.ErrorIs(t, err, tenant.ErrUnknownOrg)
		_, err = r.Catalog(t.Context(), ikeja)
		require.ErrorIs(t, err, tenant.ErrUnknownOrg)
		_, err = r.Settings(t.Context(), tenant.ID{})
		require.ErrorIs(t, err, tenant.ErrNoOrg)
	})
	t.Run("a folder without any document leaves the clinics as they were", func(t *testing.T) {
		clear(files)
		log.Reset()
		r.Reload(t.Context())
		require.Len(t, r.Orgs(), 1)
		require.Contains(t, log.String(), "no clinic found")
	})
	t.Run("Run reloads until its context ends", func(t *testing.T) {
		cfg.Reload = time.Millisecond
		r, err := callwaiting.NewRegistry(t.Context(), registryConfig(folder(t)))
		require.NoError(t, err)
		ctx, stop := context.WithCancel(t.Context())
		stop()
		require.ErrorIs(t, r.Run(ctx), context.Canceled)
	})
}

func TestRegistry_Reload_Conflict(t *testing.T) {
	t.Parallel()
	const ikejaID = "c1e3f6b8-2d64-4f0b-8a57-0e9b7d3c5a02"
	var log bytes.Buffer
	load := func(t *testing.T) (fstest.MapFS, *callwaiting.Registry) {
		t.Helper()
		files := folder(t)
		for _, key := range []string{"harley", "ikeja"} {
			files[key+".json"].Data = bytes.Replace(files[key+".json"].Data, []byte(`"secrets"`),
				[]byte(`"vapi": {"phone_number_ids": ["number-`+key+`"]}, "secrets"`), 1)
		}
		cfg := registryConfig(files)
		log.Reset()
		cfg.Log = slog.New(slog.NewTextHandler(&log, nil))
		r, err := callwaiting.NewRegistry(t.Context(), cfg)
		require.NoError(t, err)
		return files, r
	}
	edit := func(files fstest.MapFS, name, from, to string) {
		changed := bytes.Replace(files[name].Data, []byte(from), []byte(to), 1)
		files[name] = &fstest.MapFile{Data: changed, ModTime: files[name].ModTime.Add(time.Second)}
	}
	id := func(t *testing.T, r *callwaiting.Registry, key string) string {
		t.Helper()
		org, _, err := r.ByKey(t.Context(), key)
		require.NoError(t, err)
		return org.ID.String()
	}

	t.Run("a clinic that has not changed keeps what another one claims", func(t *testing.T) {
		files, r := load(t)
		edit(files, "harley.json", "number-harley", "number-ikeja")
		r.Reload(t.Context())
		require.Len(t, r.Orgs(), 2)
		require.Equal(t, "harley", r.Orgs()[0].Key, "the order is that of the source")
		owner, err := r.ByPhoneNumberID(t.Context(), "number-ikeja")
		require.NoError(t, err)
		require.Equal(t, ikejaID, owner.String())
		_, err = r.ByPhoneNumberID(t.Context(), "number-harley")
		require.NoError(t, err, "the previous version stays")
		require.Contains(t, log.String(), "belongs to another clinic as well")
	})
	t.Run("a new document cannot take the id of a clinic", func(t *testing.T) {
		files, r := load(t)
		files["aaa.json"] = &fstest.MapFile{Data: []byte(strings.NewReplacer(
			`"key": "ikeja"`, `"key": "aaa"`, "number-ikeja", "number-aaa", "VAPI_SECRET_IKEJA", "VAPI_SECRET_AAA",
		).Replace(string(files["ikeja.json"].Data)))}
		files["aaa/botox.pdf"], files["aaa/rhinoplasty.pdf"] = files["ikeja/botox.pdf"], files["ikeja/rhinoplasty.pdf"]
		r.Reload(t.Context())
		require.Equal(t, ikejaID, id(t, r, "ikeja"))
		require.Contains(t, log.String(), "is also that of the clinic ikeja")
	})
	t.Run("a number moves between two clinics that change together", func(t *testing.T) {
		files, r := load(t)
		edit(files, "harley.json", "number-harley", "number-ikeja")
		edit(files, "ikeja.json", "number-ikeja", "number-harley")
		r.Reload(t.Context())
		owner, err := r.ByPhoneNumberID(t.Context(), "number-harley")
		require.NoError(t, err)
		require.Equal(t, ikejaID, owner.String())
	})
	t.Run("both stay if one of them is invalid", func(t *testing.T) {
		files, r := load(t)
		edit(files, "harley.json", "number-harley", "number-ikeja")
		edit(files, "ikeja.json", "number-ikeja", `number-harley", "number-harley`)
		r.Reload(t.Context())
		require.Len(t, r.Orgs(), 2)
		owner, err := r.ByPhoneNumberID(t.Context(), "number-ikeja")
		require.NoError(t, err)
		require.Equal(t, ikejaID, owner.String())
	})
}

// changingClinics yields other documents at each call. Safe for concurrent use.
type changingClinics struct {
	calls    atomic.Int64
	variants [][]callwaiting.ClinicEntry
}

func (c *changingClinics) Clinics(context.Context) ([]callwaiting.ClinicEntry, error) {
	return c.variants[c.calls.Add(1)%int64(len(c.variants))], nil
}

func TestRegistry_Reload_Concurrent(t *testing.T) {
	t.Parallel()
	files := folder(t)
	harley, err := callwaiting.ParseClinic(files["harley.json"].Data)
	require.NoError(t, err)
	ikeja, err := callwaiting.ParseClinic(files["ikeja.json"].Data)
	require.NoError(t, err)
	renamed := *harley
	renamed.Name = "Harley Lane Clinic"
	thief := *ikeja
	thief.ID = harley.ID
	cfg := registryConfig(files)
	cfg.Reload = time.Millisecond
	cfg.Clinics = &changingClinics{variants: [][]callwaiting.ClinicEntry{
		{{Name: "harley", Clinic: &renamed}, {Name: "ikeja", Clinic: &thief}},
		{{Name: "harley", Clinic: harley}, {Name: "ikeja", Clinic: ikeja}},
		{{Name: "harley", Clinic: &renamed}},
		{{Name: "harley", Err: &callwaiting.DocumentError{Problems: []callwaiting.Problem{{Path: "name", Text: "is missing"}}}}, {Name: "ikeja", Clinic: ikeja}},
		{},
	}}
	r, err := callwaiting.NewRegistry(t.Context(), cfg)
	require.NoError(t, err)
	store := memory.New()
	office, err := callwaiting.New(callwaiting.Config{
		Clinics: r, Bookings: store, FollowUps: store.FollowUps(), Sender: unreachable{}, PublicURL: "https://clinic.example",
		Log: slog.New(slog.DiscardHandler),
	})
	require.NoError(t, err)
	ctx, stop := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer stop()
	var running sync.WaitGroup
	running.Go(func() { office.Run(ctx) })
	running.Go(func() { r.Run(ctx) })
	for range 2 {
		running.Go(func() {
			for ctx.Err() == nil {
				org, _, err := r.ByKey(ctx, "harley")
				if !assert.NoError(t, err) || !assert.Equal(t, harley.ID, org.ID) {
					return
				}
				_, err = r.Catalog(ctx, org.ID)
				assert.NoError(t, err)
				_, _, err = r.Carrier(ctx, org.ID)
				assert.NoError(t, err)
				for _, org := range r.Orgs() {
					_, err := r.Settings(ctx, org.ID)
					assert.True(t, err == nil || errors.Is(err, tenant.ErrUnknownOrg))
				}
			}
		})
	}
	running.Wait()
}

func TestClinicFolder(t *testing.T) {
	t.Parallel()
	t.Run("an unreadable file is read again", func(t *testing.T) {
		files := folder(t)
		denied := denyingFS{FS: files, name: "harley.json", deny: true}
		clinics := callwaiting.ClinicFolder(&denied)
		entries, err := clinics.Clinics(t.Context())
		require.NoError(t, err)
		require.ErrorIs(t, entries[0].Err, fs.ErrPermission)
		denied.deny = false
		entries, err = clinics.Clinics(t.Context())
		require.NoError(t, err)
		require.NoError(t, entries[0].Err)
	})
}

// denyingFS is a file system that denies to open one file while deny is set.
type denyingFS struct {
	fs.FS
	name string
	deny bool
}

func (f *denyingFS) Open(name string) (fs.File, error) {
	if name == f.name && f.deny {
		return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrPermission}
	}
	return f.FS.Open(name)
}

func (f *denyingFS) Stat(name string) (fs.FileInfo, error) { return fs.Stat(f.FS, name) }

func TestNew(t *testing.T) {
	t.Parallel()
	r, err := callwaiting.NewRegistry(t.Context(), registryConfig(demoClinics))
	require.NoError(t, err)
	for want, spoil := range map[string]func(*callwaiting.Config){
		"Config.Clinics is nil":                          func(c *callwaiting.Config) { c.Clinics = nil },
		"Config.Bookings is nil":                         func(c *callwaiting.Config) { c.Bookings = nil },
		"Config.PublicURL is empty":                      func(c *callwaiting.Config) { c.PublicURL = "" },
		"Config.FollowUps and Config.Sender go together": func(c *callwaiting.Config) { c.Sender = nil },
		"Config.PublicURL: ":                             func(c *callwaiting.Config) { c.PublicURL = "http://clinic.example" },
	} {
		store := memory.New()
		cfg := callwaiting.Config{Clinics: r, Bookings: store, FollowUps: store.FollowUps(), Sender: unreachable{}, PublicURL: "https://clinic.example"}
		_, err := callwaiting.New(cfg)
		require.NoError(t, err)
		spoil(&cfg)
		_, err = callwaiting.New(cfg)
		require.ErrorContains(t, err, want)
	}
}

// unreachable is a carrier that cannot be reached.
type unreachable struct{}

func (unreachable) Send(context.Context, tenant.ID, followup.Message) (followup.Receipt, error) {
	return followup.Receipt{}, &followup.SendError{Outcome: followup.NotSent, Reason: followup.Transient, Err: errors.New("unreachable")}
}
