package callwaiting

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"strings"
	"sync"
	"time"
)

// Clinics yields the documents of the clinics that are served. Safe for
// concurrent use.
type Clinics interface {
	// Clinics returns an entry for every clinic, as the documents are now. A
	// document that is invalid is an entry with an Err; the error is for a
	// source that cannot be read at all. It is called every few seconds, so it
	// must be quick if the documents are unchanged.
	Clinics(ctx context.Context) ([]ClinicEntry, error)
}

// ClinicEntry is one document, or the reason why it is invalid.
type ClinicEntry struct {
	Name   string // identifies the document in its source: the clinic's key
	Clinic *Clinic
	Err    error
}

// StaticClinics are [Clinics] that never change. Do not change them afterwards.
type StaticClinics []*Clinic

// Clinics implements [Clinics].
func (s StaticClinics) Clinics(context.Context) ([]ClinicEntry, error) {
	entries := make([]ClinicEntry, len(s))
	for i, c := range s {
		entries[i].Clinic = c
		if c != nil {
			entries[i].Name = c.Key
		}
	}
	return entries, nil
}

// ClinicFolder returns the [Clinics] that the JSON files of a folder describe:
// {key}.json for each, such as harley.json for the clinic whose key is
// "harley". A file is read again when its size or its modification time has
// changed.
func ClinicFolder(folder fs.FS) Clinics {
	return &clinicFolder{folder: folder, files: make(map[string]clinicFile)}
}

type clinicFolder struct {
	folder fs.FS

	mu    sync.Mutex
	files map[string]clinicFile // by name; as they were read last
}

type clinicFile struct {
	size    int64
	changed time.Time
	entry   ClinicEntry
}

// Clinics implements [Clinics].
func (f *clinicFolder) Clinics(context.Context) ([]ClinicEntry, error) {
	if f.folder == nil {
		return nil, errors.New("callwaiting: ClinicFolder: the folder is nil: give one, such as os.DirFS(\"clinics\")")
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	names, err := fs.Glob(f.folder, "*.json")
	if err == nil {
		_, err = fs.Stat(f.folder, ".")
	}
	if err != nil {
		return nil, fmt.Errorf("callwaiting: folder of clinics not readable: %w", err)
	}
	files := make(map[string]clinicFile, len(names))
	var entries []ClinicEntry
	for _, name := range names {
		file := f.read(name)
		files[name] = file
		entries = append(entries, file.entry)
	}
	f.files = files
	return entries, nil
}

func (f *clinicFolder) read(name string) clinicFile {
	key := strings.TrimSuffix(name, path.Ext(name))
	info, err := fs.Stat(f.folder, name)
	if err != nil {
		return clinicFile{entry: ClinicEntry{Name: key, Err: fmt.Errorf("callwaiting: %s not readable: %w", name, err)}}
	}
	known, ok := f.files[name]
	if ok && known.size == info.Size() && known.changed.Equal(info.ModTime()) {
		return known
	}
	file := clinicFile{size: info.Size(), changed: info.ModTime(), entry: ClinicEntry{Name: key}}
	text, err := fs.ReadFile(f.folder, name)
	if err != nil {
		// Without a size and a time it is read again: new permissions change
		// neither.
		return clinicFile{entry: ClinicEntry{Name: key, Err: fmt.Errorf("callwaiting: %s not readable: %w", name, err)}}
	}
	file.entry.Clinic, file.entry.Err = ParseClinic(text)
	var invalid *DocumentError
	if errors.As(file.entry.Err, &invalid) {
		invalid.Name = name
	} else if file.entry.Clinic.Key != key {
		file.entry.Err = &DocumentError{name, []Problem{{"key", fmt.Sprintf("is %q: name the file %s.json, or change the key", file.entry.Clinic.Key, file.entry.Clinic.Key)}}}
	}
	return file
}
