package suite_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/callwaiting-ai/callwaiting/tenant/tenanttest/suite"
)

// fixture counts how many fixtures are made and freed.
type fixture struct {
	suite.Reporter
	made, freed *int
}

func counted(made, freed *int) suite.Fixture[fixture] {
	return func(r suite.Reporter) (fixture, func()) {
		*made++
		return fixture{r, made, freed}, func() { *freed++ }
	}
}

var contract = suite.Suite[fixture]{
	{"Get", []suite.Check[fixture]{
		{"it holds", func(fixture) {}},
		{"it fails and goes on", func(f fixture) { f.Helper(); f.Errorf("wrong by %d", 1) }},
	}},
	{"Put", []suite.Check[fixture]{
		{"it stops at once", func(f fixture) { f.Fatalf("no"); panic("went on after Fatalf") }},
		{"it holds too", func(fixture) {}},
	}},
}

func TestSuite_Failing(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name       string
		only, want []string
		checks     int
	}{
		{"every sentence that does not hold is returned", nil, []string{"it fails and goes on", "it stops at once"}, 4},
		{"the sentences of only are checked alone", []string{"it holds", "it stops at once"}, []string{"it stops at once"}, 2},
		{"a sentence that the suite does not have is returned", []string{"it makes coffee", "it holds"}, []string{"it makes coffee"}, 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			var made, freed int
			require.Equal(t, c.want, contract.Failing(counted(&made, &freed), c.only...))
			require.Equal(t, c.checks, made)
			require.Equal(t, made, freed, "every fixture is freed, after Fatalf too")
		})
	}
}

func TestSuite_Run(t *testing.T) {
	var made, freed int
	holds := suite.Suite[fixture]{{"Get", []suite.Check[fixture]{
		{"a subtest has the sentence as its name", func(f fixture) {
			require.Equal(t, "TestSuite_Run/Get/a_subtest_has_the_sentence_as_its_name", f.Reporter.(*testing.T).Name())
		}},
		{"a check has a fixture of its own", func(f fixture) { require.Equal(t, 2, *f.made) }},
	}}}
	holds.Run(t, counted(&made, &freed))
	require.Equal(t, 2, freed)
}

func TestShort(t *testing.T) {
	require.Equal(t, testing.Short(), suite.Short(t))
	short := suite.Suite[suite.Reporter]{{"Get", []suite.Check[suite.Reporter]{
		{"a recorded check is not short", func(r suite.Reporter) {
			if suite.Short(r) {
				r.Errorf("it is")
			}
		}},
	}}}
	require.Len(t, short.Failing(func(r suite.Reporter) (suite.Reporter, func()) { return r, func() {} }), 1)
}

func TestRace(t *testing.T) {
	t.Parallel()
	meet := make(chan struct{})
	got := suite.Race(2, func(i int) int {
		if i == 0 {
			meet <- struct{}{} // ends only if the other call runs at the same time
		} else {
			<-meet
		}
		return 10 * i
	})
	require.Equal(t, []int{0, 10}, got)
}

// A counter is a port with one sentence in its contract.
type counter interface{ Next() int }

// sticky is broken: it stays at 1.
type sticky struct{}

func (sticky) Next() int { return 1 }

type counting struct {
	suite.Reporter
	counter
}

var counterSuite = suite.Suite[counting]{{"Next", []suite.Check[counting]{
	{"it returns a positive number", func(f counting) {
		if n := f.Next(); n <= 0 {
			f.Errorf("got %d", n)
		}
	}},
	{"it returns more each time", func(f counting) {
		if a, b := f.Next(), f.Next(); b <= a {
			f.Errorf("got %d after %d", b, a)
		}
	}},
}}}

func ExampleSuite_Failing() {
	for _, sentence := range counterSuite.Failing(func(r suite.Reporter) (counting, func()) {
		return counting{r, sticky{}}, func() {}
	}) {
		fmt.Println("does not hold:", sentence)
	}
	// Output:
	// does not hold: it returns more each time
}
