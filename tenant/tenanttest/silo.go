package tenanttest

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"reflect"
	"testing"
	"time"

	"github.com/callwaiting-ai/callwaiting/tenant"
	"github.com/callwaiting-ai/callwaiting/tenant/tenanttest/suite"
)

// Silo describes a store to the silo suite. Kinds, Unknown, Contents, ByID and
// Own are required. The functions are called by many goroutines at once.
type Silo struct {
	// Org makes a clinic known to the store. The store may hold other clinics.
	//
	// Defaults to tenant.NewID.
	Org func() tenant.ID

	// Kinds has one function per kind of record, such as a booked appointment
	// and a held one. It makes record n (0 to 9) of a clinic and returns its id.
	Kinds []func(ctx context.Context, org tenant.ID, n int) (id string, err error)

	// Unknown returns an id of the right form that no record has.
	Unknown func(org tenant.ID) string

	// Contents returns everything that a clinic can read of its own records.
	Contents func(ctx context.Context, org tenant.ID) (string, error)

	// ByID are the methods that take the id of a record: all of them, because
	// one that forgets the clinic is enough.
	ByID []Method

	// Own are calls that must succeed on a clinic's own record of the first
	// kind and change nothing; the error describes a wrong result. records is
	// how many records the clinic has.
	Own []func(ctx context.Context, org tenant.ID, id string, records int) error

	// Short makes 800 random attempts, not 10,000.
	Short bool
}

// Method is a call of a store's method with the id of a record.
type Method struct {
	Name string
	Call func(ctx context.Context, org tenant.ID, id string) (any, error)

	// NotFound is the error for an id that the clinic does not have, which must
	// come with a zero result. Nil: no error, and an empty result.
	NotFound error
}

// RunSilo checks the store that s describes. With -short, it makes 800 random
// attempts, not 10,000.
func RunSilo(t *testing.T, s Silo) { siloSuite.Run(t, s.fixture) }

// FailingSilo checks as [RunSilo] does with -short and returns the sentences
// that do not hold.
func FailingSilo(s Silo) []string { return siloSuite.Failing(s.fixture) }

// SiloChecks returns the silo suite as checks of another suite, for a store that
// describe describes.
func SiloChecks[F suite.Reporter](describe func(F) Silo) []suite.Check[F] {
	var checks []suite.Check[F]
	for _, g := range siloSuite {
		for _, c := range g.Checks {
			checks = append(checks, suite.Check[F]{c.Sentence, func(f F) {
				silo, done := describe(f).fixture(f)
				defer done()
				c.Run(silo)
			}})
		}
	}
	return checks
}

var siloSuite = suite.Suite[*silos]{{"Silo", []suite.Check[*silos]{
	{"no method that takes an id answers without a clinic", zeroOrg},
	{"another clinic's record is not found, in the words used for an unknown one", unknownAlike},
	{"a call on another clinic's record leaves it unchanged", unchanged},
	{"random attempts on other clinics, at once and among calls on the own, all fail", randomAttempts},
}}}

// silos is a store in which a check makes clinics.
type silos struct {
	suite.Reporter
	Silo
	ctx context.Context
}

// fixture gives a check two minutes: a check that takes longer is stuck.
func (s Silo) fixture(r suite.Reporter) (*silos, func()) {
	if s.Org == nil {
		s.Org = tenant.NewID
	}
	s.Short = s.Short || suite.Short(r)
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	return &silos{r, s, ctx}, cancel
}

// put makes record n of the given kind.
func (s *silos) put(org tenant.ID, kind, n int) string {
	s.Helper()
	id, err := s.Kinds[kind](s.ctx, org, n)
	if err != nil {
		s.Fatalf("a clinic cannot make its record %d of kind %d: %v", n, kind, err)
	}
	return id
}

func (s *silos) contents(org tenant.ID) string {
	s.Helper()
	text, err := s.Contents(s.ctx, org)
	if err != nil {
		s.Fatalf("a clinic cannot read its own records: %v", err)
	}
	return text
}

// leak returns an error unless m refuses org the record of another clinic.
func (s *silos) leak(m Method, org tenant.ID, id string) error {
	result, err := m.Call(s.ctx, org, id)
	switch {
	case !errors.Is(err, m.NotFound):
		return fmt.Errorf("%s on another clinic's record: error %v, want %v", m.Name, err, m.NotFound)
	case !empty(result, m.NotFound == nil):
		return fmt.Errorf("%s on another clinic's record returned a result", m.Name)
	}
	return nil
}

// empty reports whether a result shows no record. A list may be empty and not nil.
func empty(result any, list bool) bool {
	v := reflect.ValueOf(result)
	return list && v.Len() == 0 || !list && v.IsZero()
}

func zeroOrg(s *silos) {
	id := s.put(s.Org(), 0, 0)
	for _, m := range s.ByID {
		if _, err := m.Call(s.ctx, tenant.ID{}, id); !errors.Is(err, tenant.ErrNoOrg) {
			s.Errorf("%s without a clinic: error %v, want %v", m.Name, err, tenant.ErrNoOrg)
		}
	}
}

func unknownAlike(s *silos) {
	a, b := s.Org(), s.Org()
	theirs, unknown := s.put(b, 0, 0), s.Unknown(a)
	for _, m := range s.ByID {
		if err := s.leak(m, a, theirs); err != nil {
			s.Errorf("%v", err)
		}
		got, err := m.Call(s.ctx, a, theirs)
		want, wantErr := m.Call(s.ctx, a, unknown)
		if !reflect.DeepEqual(got, want) || fmt.Sprint(err) != fmt.Sprint(wantErr) || reflect.TypeOf(err) != reflect.TypeOf(wantErr) {
			s.Errorf("%s distinguishes another clinic's record from an unknown one: %v, for the unknown one %v", m.Name, err, wantErr)
		}
	}
}

func unchanged(s *silos) {
	a, b := s.Org(), s.Org()
	var theirs []string
	for kind := range s.Kinds {
		theirs = append(theirs, s.put(b, kind, kind))
	}
	before := s.contents(b)
	for _, id := range theirs {
		for _, m := range s.ByID {
			if err := s.leak(m, a, id); err != nil {
				s.Errorf("%v", err)
			}
		}
	}
	if s.contents(b) != before {
		s.Fatalf("a clinic was changed by another")
	}
	if s.contents(a) != s.contents(s.Org()) {
		s.Fatalf("a clinic got records out of another")
	}
}

// randomAttempts are made by workers that share the store, so that one clinic's
// call follows another's on one connection, in one cache, in one pool. Among ten
// attempts there is a call on the clinic's own records, which succeeds: a store
// that returns no record to any clinic has no silos.
func randomAttempts(s *silos) {
	const workers, clinics, records = 8, 4, 10
	total := 10_000
	if s.Short {
		total = 800
	}
	var orgs []tenant.ID
	var ids [][]string
	var before []string
	for range clinics {
		org := s.Org()
		var own []string
		for n := range records {
			own = append(own, s.put(org, 0, n))
		}
		orgs, ids, before = append(orgs, org), append(ids, own), append(before, s.contents(org))
	}
	seed := uint64(time.Now().UnixNano())
	type result struct {
		tried, controls int
		err             error
	}
	results := suite.Race(workers, func(w int) (r result) {
		random := rand.New(rand.NewPCG(seed, uint64(w)))
		for n := range total / workers {
			us := random.IntN(clinics)
			if n%10 == 0 {
				own := s.Own[random.IntN(len(s.Own))]
				if r.err = own(s.ctx, orgs[us], ids[us][random.IntN(records)], records); r.err != nil {
					return r
				}
				r.controls++
			}
			them := (us + 1 + random.IntN(clinics-1)) % clinics
			m := s.ByID[random.IntN(len(s.ByID))]
			if r.err = s.leak(m, orgs[us], ids[them][random.IntN(records)]); r.err != nil {
				return r
			}
			r.tried++
		}
		return r
	})
	tried, controls := 0, 0
	for _, r := range results {
		if r.err != nil {
			s.Fatalf("seed %d, after %d attempts of one worker: %v", seed, r.tried, r.err)
		}
		tried, controls = tried+r.tried, controls+r.controls
	}
	if tried != total || controls != total/10 {
		s.Fatalf("%d attempts and %d calls on the own, want %d and %d", tried, controls, total, total/10)
	}
	for i, org := range orgs {
		if s.contents(org) != before[i] {
			s.Fatalf("seed %d: a clinic was changed by another", seed)
		}
	}
}
