package procedures_test

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/callwaiting-ai/callwaiting/followup"
	"github.com/callwaiting-ai/callwaiting/followup/procedures"
	"github.com/callwaiting-ai/callwaiting/redact"
	"github.com/callwaiting-ai/callwaiting/tenant"
)

var (
	surgery = tenant.MustParseID("3b0c7c1e-52a0-4f4e-9d55-4b8c31a7b001")
	other   = tenant.MustParseID("3b0c7c1e-52a0-4f4e-9d55-4b8c31a7b002")
)

func offered() []procedures.Procedure {
	return []procedures.Procedure{
		{ID: "consultation", Name: "Consultation", Aliases: []string{"appointment", "check-up"}},
		{ID: "botox", Name: "Botox consultation", Aliases: []string{"Botox", "wrinkle injection"}, Document: "botox.pdf"},
		{ID: "fillers", Name: "Dermal fillers", Aliases: []string{"filler", "lip filler"}, Document: "fillers.pdf"},
		{ID: "rhinoplasty", Name: "Rhinoplasty", Aliases: []string{"nose job", "rhino"}, Document: "rhinoplasty.pdf"},
		{ID: "liquid-rhinoplasty", Name: "Liquid nose job"},
		{ID: "skin", Name: "Skin", Document: "skin.pdf"},
		{ID: "breast", Name: "Breast augmentation", Document: "breast.pdf"},
		{ID: "ohrenkorrektur", Name: "Öhrchenkorrektur", Aliases: []string{"眼瞼"}, Document: "ohren.pdf"},
	}
}

func catalog(t testing.TB) *procedures.Catalog {
	t.Helper()
	c, err := procedures.New(map[tenant.ID][]procedures.Procedure{surgery: offered(), other: nil})
	require.NoError(t, err)
	return c
}

func TestCatalog_Match(t *testing.T) {
	t.Parallel()
	c := catalog(t)
	for _, row := range []struct{ words, want string }{
		// as they are called
		{"Botox", "botox"},
		{"  bOtOx!  ", "botox"},
		{"I'd like to know about botox, please.", "botox"},
		{"liquid-rhinoplasty", "liquid-rhinoplasty"},
		{"wrinkle injections", "botox"},
		{"the botox's price", "botox"},
		{"the Botox’s price", "botox"},
		{"rhino", "rhinoplasty"},
		{"a nose-job", "rhinoplasty"},
		{"a nose\n  job", "rhinoplasty"},
		{`{"procedure":"Rhinoplasty","booked":false}`, "rhinoplasty"},
		{"ÖHRCHENKORREKTUR", "ohrenkorrektur"},
		{"「眼瞼」", "ohrenkorrektur"},

		// bounded by words
		{"", ""},
		{" \n", ""},
		{"s", ""},
		{"skinny jeans", ""},
		{"chicken breast", ""},
		{"a breast", ""},
		{"rhinos", "rhinoplasty"},
		{"rhinoceros", ""},
		{"botoxsomething", ""},
		{"botoxs", "botox"},
		{"botoxss", ""},
		{"wrinkle injectionss", ""},
		{"nosejob", ""},
		{"nose", ""},
		{"consult", ""},
		{"\xff\xfeBotox\xff", "botox"},
		{"ʼʼ Botox ʼn ʼ", "botox"},
		{"Bötox", ""},
		{"Botox\u0301", ""},

		// the longest name, and one with a document
		{"a botox consultation", "botox"},
		{"a consultation for botox", "botox"},
		{"a consultation", "consultation"},
		{"a check-up, I mean an appointment", "consultation"},
		{"a liquid nose job", "liquid-rhinoplasty"},
		{"an appointment for a liquid nose job", ""},
		{"a liquid nose job or a nose job", "rhinoplasty"},
		{"lip filler", "fillers"},

		// several alike
		{"botox or rhinoplasty", ""},
		{"botox and a nose job", ""},
		{"botox, botox and botox", "botox"},

		// ruled out
		{"not botox, I meant rhinoplasty", "rhinoplasty"},
		{"not botox", ""},
		{"I don't want any botox", ""},
		{"I don’t want botox", ""},
		{"i dont want botox", ""},
		{"do not ever give me botox", ""},
		{"fillers instead of botox", "fillers"},
		{"fillers rather than the botox", "fillers"},
		{"botox, not fillers", "botox"},
		{"neither botox nor fillers, the nose job", "rhinoplasty"},
		{"not botox or fillers", ""},
		{"not botox and I would like fillers", "fillers"},
		{"not botox but fillers", "fillers"},
		{"No. Botox.", "botox"},
		{"no, botox", "botox"},
		{"no thanks, botox please", "botox"},
		{"no botox", ""},
		{"I don't want, um, botox", ""},
		{"I said I would not. Botox is fine", "botox"},
		{"not botox... well, botox then", "botox"},
		{"botox. Actually, no botox", ""},
		{"not sure about botox", "botox"},
		{"I don't know, botox maybe", "botox"},
		{"I've never had botox before", "botox"},
	} {
		id, ok, err := c.Match(t.Context(), surgery, redact.NewSpeech(row.words))
		require.NoError(t, err)
		require.Equal(t, row.want, string(id), row.words)
		require.Equal(t, row.want != "", ok, row.words)
	}
}

func TestCatalog_Match_Transcript(t *testing.T) {
	t.Parallel()
	c := catalog(t)
	for _, row := range []struct{ words, want string }{
		{"AI: Hello. How can I help?\nUser: I'd like to hear about botox.\nAI: Of course.", "botox"},
		{"AI: How can I help? User: Tell me about a nose job. AI: Sure.", "rhinoplasty"},
		{"Assistant: Hi\nCustomer: botox\nAssistant: or fillers?", "botox"},
		{"Bot: Hi\r\nUser: botox or rhinoplasty\r\n", "rhinoplasty"},
		{"User: Botox please.\nUser: Sorry, not botox, I meant rhinoplasty.", "rhinoplasty"},
		{"User: Fillers.\nUser: Or botox.\nUser: No, I don't want botox.", "fillers"},
		{"User: botox\nAI: Not fillers?\nUser: Sorry, fillers, not botox.", "fillers"},

		// the assistant's lines
		{"AI: We have botox and fillers.\nUser: Yes.", ""},
		{"AI: Is it about rhinoplasty?\nUser: Yes.", "rhinoplasty"},
		{"AI: Is it about rhinoplasty?\nUser: Yes, a consultation.", "rhinoplasty"},
		{"AI: botox, fillers?\nUser: A consultation.", "consultation"},
		{"AI: Botox?\nUser: No, not botox.\nAI: No botox, then.", ""},
		{"AI: Botox or fillers?\nUser: I don't want botox.", "fillers"},

		// the words of one speaker do not run into those of the other
		{"User: my nose\nAI: job?", ""},
		{"User: I would not\nAI: Botox?", "botox"},
		{"User: my friend User : nose\nUser: job", ""},

		// text that only resembles a transcript
		{"superUser: botox or fillers", ""},
		{"User:botox or fillers", ""},
		{"User: ", ""},
		{"User:", ""},
		{"AI:", ""},
	} {
		id, ok, err := c.Match(t.Context(), surgery, redact.NewSpeech(row.words))
		require.NoError(t, err)
		require.Equal(t, row.want, string(id), row.words)
		require.Equal(t, row.want != "", ok, row.words)
	}
}

func TestCatalog_OtherClinic(t *testing.T) {
	t.Parallel()
	c := catalog(t)
	for _, org := range []tenant.ID{other, tenant.NewID()} {
		_, ok, err := c.Match(t.Context(), org, redact.NewSpeech("botox"))
		require.NoError(t, err)
		require.False(t, ok)
		_, ok, err = c.Document(t.Context(), org, "botox")
		require.NoError(t, err)
		require.False(t, ok)
	}
	_, _, err := c.Match(t.Context(), tenant.ID{}, redact.NewSpeech("botox"))
	require.ErrorIs(t, err, tenant.ErrNoOrg)
	_, _, err = c.Document(t.Context(), tenant.ID{}, "botox")
	require.ErrorIs(t, err, tenant.ErrNoOrg)
}

func TestCatalog_Document(t *testing.T) {
	t.Parallel()
	c := catalog(t)
	name, ok, err := c.Document(t.Context(), surgery, "botox")
	require.NoError(t, err)
	require.True(t, ok)
	require.Equal(t, "botox.pdf", name)
	for _, id := range []followup.ProcedureID{"consultation", "nonsense", ""} {
		_, ok, err = c.Document(t.Context(), surgery, id)
		require.NoError(t, err)
		require.False(t, ok, id)
	}
}

func TestCatalog_Words(t *testing.T) {
	t.Parallel()
	c, err := procedures.New(map[tenant.ID][]procedures.Procedure{surgery: offered()[:3]})
	require.NoError(t, err)
	require.Equal(t, []string{"Botox consultation", "Botox", "wrinkle injection", "Dermal fillers", "filler", "lip filler"}, c.Words(surgery))
	require.Empty(t, c.Words(other))
}

func TestNew_InvalidProcedures(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		problem string
		list    []procedures.Procedure
	}{
		{"procedure 0 has the ID", []procedures.Procedure{{Name: "Botox"}}},
		{"procedure 1 has the ID", []procedures.Procedure{{ID: "a", Name: "A"}, {ID: "B", Name: "B"}}},
		{"two procedures have the ID", []procedures.Procedure{{ID: "a", Name: "A"}, {ID: "a", Name: "B"}}},
		{"has no letter or digit", []procedures.Procedure{{ID: "a"}}},
		{"has no letter or digit", []procedures.Procedure{{ID: "a", Name: "A", Aliases: []string{" - "}}}},
		{"have the same name", []procedures.Procedure{{ID: "a", Name: "Nose job"}, {ID: "b", Name: "B", Aliases: []string{"nose-jobs"}}}},
		{"not a plain file name", []procedures.Procedure{{ID: "a", Name: "A", Document: "../a.pdf"}}},
	} {
		_, err := procedures.New(map[tenant.ID][]procedures.Procedure{surgery: row.list})
		require.ErrorContains(t, err, row.problem)
	}
	_, err := procedures.New(map[tenant.ID][]procedures.Procedure{{}: offered()})
	require.ErrorIs(t, err, tenant.ErrNoOrg)

	_, err = procedures.New(map[tenant.ID][]procedures.Procedure{surgery: {{ID: "a", Name: "A", Aliases: []string{"a", "A"}}}})
	require.NoError(t, err, "twice the same name of one procedure is harmless")
}

func TestCatalog_Match_NameLikeParticle(t *testing.T) {
	t.Parallel()
	c, err := procedures.New(map[tenant.ID][]procedures.Procedure{surgery: {
		{ID: "gel", Name: "No knife", Aliases: []string{"no"}, Document: "gel.pdf"},
	}})
	require.NoError(t, err)
	id, _, err := c.Match(t.Context(), surgery, redact.NewSpeech("the no knife, please"))
	require.NoError(t, err)
	require.EqualValues(t, "gel", id)
}

func TestCatalog_Match_LargeText(t *testing.T) {
	t.Parallel()
	c := catalog(t)
	rng := rand.New(rand.NewPCG(1, 2))
	junk := make([]byte, 1<<20)
	for i := range junk {
		junk[i] = byte(rng.Uint32())
	}
	for _, text := range []string{
		string(junk), strings.Repeat("a", 1<<20), strings.Repeat("'", 1<<20), strings.Repeat("ʼ", 1<<19),
		strings.Repeat("liquid nose ", 1<<16), strings.Repeat("not ", 1<<18), strings.Repeat("User: ", 1<<17),
	} {
		_, ok, err := c.Match(t.Context(), surgery, redact.NewSpeech(text))
		require.NoError(t, err)
		require.False(t, ok)
	}
	id, _, err := c.Match(t.Context(), surgery, redact.NewSpeech(strings.Repeat("botox ", 1<<17)))
	require.NoError(t, err)
	require.EqualValues(t, "botox", id)
}

// FuzzCatalog_Match checks that the name which the caller says last is found in any
// context unless it is ruled out, and that the result is a procedure of the clinic.
func FuzzCatalog_Match(f *testing.F) {
	for _, s := range []string{
		"", "Botox", "not botox or fillers", "AI: hi\nUser: nose-job", "ʼʼs'", "\xff\xfe", "ﬁller", "İ", "User:\nAI: x",
		strings.Repeat("a ", 300), strings.Repeat("liquid nose ", 50), "no, don't know",
	} {
		f.Add(s)
	}
	c := catalog(f)
	f.Fuzz(func(t *testing.T, text string) {
		id, ok, err := c.Match(t.Context(), surgery, redact.NewSpeech(text))
		if err != nil {
			t.Fatal(err)
		}
		if _, known, _ := c.Document(t.Context(), surgery, id); ok && !known && id != "consultation" && id != "liquid-rhinoplasty" {
			t.Fatalf("matched %q, which is none of the clinic's", id)
		}
		again, _, _ := c.Match(t.Context(), surgery, redact.NewSpeech(text))
		if again != id {
			t.Fatalf("first %q, then %q", id, again)
		}
		last, _, _ := c.Match(t.Context(), surgery, redact.NewSpeech(text+"\nUser: Dermal fillers."))
		if last != "fillers" {
			t.Fatalf("the last name is %q, and Match returned %q", "fillers", last)
		}
	})
}

// BenchmarkCatalog_Match reads a transcript of 150 KB for a clinic with 300 names.
func BenchmarkCatalog_Match(b *testing.B) {
	list := offered()
	for i := range 100 {
		list = append(list, procedures.Procedure{
			ID: followup.ProcedureID(fmt.Sprint("p", i)), Name: fmt.Sprintf("Treatment number %d", i),
			Aliases: []string{fmt.Sprintf("method %d", i), fmt.Sprintf("I want the %d please", i)}, Document: "p.pdf",
		})
	}
	c, err := procedures.New(map[tenant.ID][]procedures.Procedure{surgery: list})
	require.NoError(b, err)
	var text strings.Builder
	for i := 0; text.Len() < 150_000; i++ {
		text.WriteString("AI: Thank you for calling. How can I help you today, and what would you like to know?\n")
		text.WriteString("User: Well, I'm not sure. I want to ask about my nose; my sister has had a number of treatments.\n")
	}
	words := redact.NewSpeech(text.String() + "User: It's the liquid nose job, no, the nose job.")
	b.SetBytes(int64(words.Len()))
	b.ReportAllocs()
	for b.Loop() {
		id, ok, err := c.Match(b.Context(), surgery, words)
		if err != nil || !ok || id != "rhinoplasty" {
			b.Fatal(id, ok, err)
		}
	}
}
