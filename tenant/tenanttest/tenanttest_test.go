package tenanttest_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/callwaiting-ai/callwaiting/adapters/memory"
	"github.com/callwaiting-ai/callwaiting/tenant"
	"github.com/callwaiting-ai/callwaiting/tenant/tenanttest"
)

var errNotFound = errors.New("no such note")

// notes is a small store: texts by clinic and id.
type notes struct {
	mu   sync.Mutex
	text map[tenant.ID]map[string]string
}

func newNotes() *notes { return &notes{text: map[tenant.ID]map[string]string{}} }

func (s *notes) Put(org tenant.ID, id, text string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if org.IsZero() {
		return tenant.ErrNoOrg
	}
	if s.text[org] == nil {
		s.text[org] = map[string]string{}
	}
	s.text[org][id] = text
	return nil
}

func (s *notes) Get(org tenant.ID, id string) (string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	text, ok := s.text[org][id]
	switch {
	case org.IsZero():
		return "", tenant.ErrNoOrg
	case !ok:
		return "", errNotFound
	}
	return text, nil
}

func (s *notes) Archive(org tenant.ID, id string) error {
	text, err := s.Get(org, id)
	if err != nil {
		return err
	}
	return s.Put(org, id, text+" (archived)")
}

func (s *notes) List(org tenant.ID, ids ...string) ([]string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if org.IsZero() {
		return nil, tenant.ErrNoOrg
	}
	var found []string
	for id, text := range s.text[org] {
		if len(ids) == 0 || slices.Contains(ids, id) {
			found = append(found, id+": "+text)
		}
	}
	slices.Sort(found)
	return found, nil
}

// store is the part of notes that a broken one replaces.
type store interface {
	Put(org tenant.ID, id, text string) error
	Get(org tenant.ID, id string) (string, error)
	Archive(org tenant.ID, id string) error
	List(org tenant.ID, ids ...string) ([]string, error)
}

// silo describes s to the suite.
func silo(s store) tenanttest.Silo {
	return tenanttest.Silo{
		Kinds: []func(context.Context, tenant.ID, int) (string, error){
			func(_ context.Context, org tenant.ID, n int) (string, error) {
				id := tenant.DeriveUUID(org, fmt.Sprint("note-", n))
				return id, s.Put(org, id, fmt.Sprint("note ", n))
			},
		},
		Unknown: func(org tenant.ID) string { return tenant.DeriveUUID(org, "unknown") },
		Contents: func(_ context.Context, org tenant.ID) (string, error) {
			all, err := s.List(org)
			return strings.Join(all, "\n"), err
		},
		ByID: []tenanttest.Method{
			{Name: "Get", NotFound: errNotFound, Call: func(_ context.Context, org tenant.ID, id string) (any, error) {
				return s.Get(org, id)
			}},
			{Name: "Archive", NotFound: errNotFound, Call: func(_ context.Context, org tenant.ID, id string) (any, error) {
				return "", s.Archive(org, id)
			}},
			{Name: "List", Call: func(_ context.Context, org tenant.ID, id string) (any, error) {
				return s.List(org, id)
			}},
		},
		Own: []func(context.Context, tenant.ID, string, int) error{
			func(_ context.Context, org tenant.ID, id string, _ int) error {
				_, err := s.Get(org, id)
				return err
			},
			func(_ context.Context, org tenant.ID, _ string, records int) error {
				if all, err := s.List(org); err != nil || len(all) != records {
					return fmt.Errorf("%d notes listed, want %d; error %v", len(all), records, err)
				}
				return nil
			},
		},
	}
}

func TestRunSilo(t *testing.T) { tenanttest.RunSilo(t, silo(newNotes())) }

// Each store breaks one rule that keeps clinics apart, and must fail the suite.
func TestFailingSilo(t *testing.T) {
	t.Parallel()
	const (
		zeroOrg   = "no method that takes an id answers without a clinic"
		alike     = "another clinic's record is not found, in the words used for an unknown one"
		unchanged = "a call on another clinic's record leaves it unchanged"
		attempts  = "random attempts on other clinics, at once and among calls on the own, all fail"
	)
	for _, tt := range []struct {
		name  string
		store store
		want  []string
	}{
		{"whole", newNotes(), nil},
		{"has no clinics", oneForAll{newNotes()}, []string{alike, attempts}},
		{"archives by id alone", archivesByID{newNotes()}, []string{alike, unchanged, attempts}},
		{"distinguishes a foreign note from an unknown one", forbids{newNotes()}, []string{alike, unchanged, attempts}},
		{"keeps the clinic of the last call", &keepsTheLast{store: newNotes()}, []string{attempts}},
		{"accepts the zero clinic", acceptsZero{newNotes()}, []string{zeroOrg}},
		{"returns no note to any clinic", returnsNothing{newNotes()}, []string{attempts}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			require.Subset(t, tenanttest.FailingSilo(silo(tt.store)), tt.want)
			if tt.want == nil {
				require.Empty(t, tenanttest.FailingSilo(silo(tt.store)))
			}
		})
	}
}

// oneForAll keeps the notes of all clinics in one place.
type oneForAll struct{ store }

func shared(org tenant.ID) tenant.ID {
	if org.IsZero() {
		return org
	}
	return tenant.MustParseID("3b0c7c1e-52a0-4f4e-9d55-4b8c31a7a0ff")
}

func (s oneForAll) Put(org tenant.ID, id, text string) error {
	return s.store.Put(shared(org), id, text)
}
func (s oneForAll) Get(org tenant.ID, id string) (string, error) { return s.store.Get(shared(org), id) }
func (s oneForAll) Archive(org tenant.ID, id string) error       { return s.store.Archive(shared(org), id) }
func (s oneForAll) List(org tenant.ID, ids ...string) ([]string, error) {
	return s.store.List(shared(org), ids...)
}

// archivesByID ignores the clinic of a note.
type archivesByID struct{ *notes }

func (s archivesByID) Archive(org tenant.ID, id string) error {
	if owner, ok := s.owner(id); ok && !org.IsZero() {
		org = owner
	}
	return s.notes.Archive(org, id)
}

func (s *notes) owner(id string) (tenant.ID, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for org, texts := range s.text {
		if _, ok := texts[id]; ok {
			return org, true
		}
	}
	return tenant.ID{}, false
}

// forbids refuses a foreign note in other words than an unknown one.
type forbids struct{ *notes }

func (s forbids) Get(org tenant.ID, id string) (string, error) {
	if owner, ok := s.owner(id); ok && !org.IsZero() && owner != org {
		return "", errors.New("forbidden")
	}
	return s.notes.Get(org, id)
}

// keepsTheLast serves some calls as the clinic that called before, as a
// connection does that went back to its pool with the clinic of its session.
type keepsTheLast struct {
	store
	mu    sync.Mutex
	calls int
	last  tenant.ID
}

func (s *keepsTheLast) List(org tenant.ID, ids ...string) ([]string, error) {
	s.mu.Lock()
	scope := org
	if s.calls++; s.calls%5 == 0 && !org.IsZero() {
		scope = s.last
	}
	s.last = org
	s.mu.Unlock()
	return s.store.List(scope, ids...)
}

// acceptsZero returns an empty list for the zero clinic instead of an error.
type acceptsZero struct{ store }

func (s acceptsZero) List(org tenant.ID, ids ...string) ([]string, error) {
	if org.IsZero() {
		return nil, nil
	}
	return s.store.List(org, ids...)
}

// returnsNothing keeps clinics apart by hiding every note from every clinic.
type returnsNothing struct{ store }

func (s returnsNothing) List(org tenant.ID, ids ...string) ([]string, error) {
	_, err := s.store.List(org, ids...)
	return nil, err
}

func clinics() []tenant.Registration {
	var clinics []tenant.Registration
	for _, key := range []string{"harley", "ikeja"} {
		clinics = append(clinics, tenant.Registration{
			Org:            tenant.Org{ID: tenant.NewID(), Key: key, Name: key, Zone: time.UTC, Country: "GB", Locale: "en-GB"},
			Secrets:        tenant.Secrets{Current: key + "-secret"},
			PhoneNumberIDs: []string{"phone-" + key},
			AssistantIDs:   []string{"assistant-" + key},
		})
	}
	return clinics
}

// Each directory is broken as a real one might be, and the suite notices.
func TestFailingDirectory(t *testing.T) {
	t.Parallel()
	known := clinics()
	good, err := memory.NewDirectory(known...)
	require.NoError(t, err)
	for _, tt := range []struct {
		name      string
		directory tenant.Directory
		want      []string
	}{
		{"whole", good, nil},
		{"ignores case and space", ignoresCase{good}, []string{"the error wraps ErrUnknown for all but an exact match"}},
		{"guesses a clinic", guesses{good, known[0].Org.ID}, []string{
			"it returns the clinic that owns the number",
			"the error wraps ErrUnknown for all but an exact match",
			"simultaneous calls get their own results",
		}},
		{"has one secret for all clinics", oneSecret{good}, []string{
			"it returns the clinic whose webhook URL ends in key, and its secrets",
			"simultaneous calls get their own results",
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			h := tenanttest.DirectoryHarness{Directory: tt.directory, Clinics: known}
			require.Equal(t, tt.want, tenanttest.FailingDirectory(h))
		})
	}
}

// ignoresCase finds a key that differs in case or space.
type ignoresCase struct{ tenant.Directory }

func (d ignoresCase) ByKey(ctx context.Context, key string) (tenant.Org, tenant.Secrets, error) {
	return d.Directory.ByKey(ctx, strings.ToLower(strings.TrimSpace(key)))
}

// guesses returns one clinic for every number.
type guesses struct {
	tenant.Directory
	org tenant.ID
}

func (d guesses) ByPhoneNumberID(context.Context, string) (tenant.ID, error) { return d.org, nil }

// oneSecret returns the secret of the platform for every clinic.
type oneSecret struct{ tenant.Directory }

func (d oneSecret) ByKey(ctx context.Context, key string) (tenant.Org, tenant.Secrets, error) {
	org, secrets, err := d.Directory.ByKey(ctx, key)
	if err == nil {
		secrets.Current = "the platform's secret"
	}
	return org, secrets, err
}

// A store that archives by id alone is found out.
func ExampleFailingSilo() {
	fmt.Println(tenanttest.FailingSilo(silo(archivesByID{newNotes()}))[0])
	// Output:
	// another clinic's record is not found, in the words used for an unknown one
}

func ExampleFailingDirectory() {
	known := clinics()
	directory, err := memory.NewDirectory(known...)
	if err != nil {
		panic(err)
	}
	h := tenanttest.DirectoryHarness{Directory: oneSecret{directory}, Clinics: known}
	fmt.Println(tenanttest.FailingDirectory(h)[0])
	// Output:
	// it returns the clinic whose webhook URL ends in key, and its secrets
}
