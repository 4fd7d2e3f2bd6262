package tools_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/callwaiting-ai/callwaiting/followup"
	"github.com/callwaiting-ai/callwaiting/vapi"
	"github.com/callwaiting-ai/callwaiting/vapi/internal/handlertest"
	"github.com/callwaiting-ai/callwaiting/vapi/tools"
)

// textFixture has the follow-up tools over r.
func textFixture(t testing.TB, r *handlertest.FollowUp) *fixture {
	all, err := tools.New(tools.Config{FollowUp: r})
	require.NoError(t, err)
	return newFixture(t, func(c *vapi.Config) { c.Tools = all })
}

func TestSendInformation(t *testing.T) {
	t.Parallel()
	t.Run("a text is promised to a caller that consented", func(t *testing.T) {
		t.Parallel()
		for _, consent := range []any{true, "true", "True", "yes", "Yes.", "yes please", "Y", "agreed", 1} {
			r := &handlertest.FollowUp{Result: followup.Noted}
			s := textFixture(t, r).Call("call-1", caller).Tool("send_information", args{"procedure": "nose job", "consent": consent})
			require.Equal(t, "noted", s.Status, "%v", consent)
			require.Equal(t, 200, s.Code)
			require.Equal(t, "I will text you the information after this call.", s.Message)
			require.Len(t, r.Promises, 1)
			require.Equal(t, "call-1", r.Promises[0].Call)
			require.Equal(t, caller, r.Promises[0].Caller)
			require.Equal(t, "nose job", r.Promises[0].Procedure.Reveal())
		}
	})
	t.Run("no text is promised without consent", func(t *testing.T) {
		t.Parallel()
		r := &handlertest.FollowUp{Result: followup.Noted}
		c := textFixture(t, r).Call("call-1", caller)
		for _, consent := range []any{
			nil, false, "false", "no", "", "null", "unknown", "not given", "no consent given", "yes, but not today", 0, 2, []any{true}, args{"given": true}, "maybe",
		} {
			s := c.Tool("send_information", args{"procedure": "nose job", "consent": consent})
			require.Equal(t, "consent_needed", s.Status, "%v", consent)
			require.Equal(t, 422, s.Code)
			require.Equal(t, "May I text you the information at this number?", s.Message)
			require.Equal(t, "consent", s.Field)
		}
		require.Equal(t, "consent_needed", c.Tool("send_information", args{}).Status)
		require.Empty(t, r.Promises)
	})
	t.Run("without a procedure the recorded one is meant", func(t *testing.T) {
		t.Parallel()
		for _, procedure := range []any{nil, "", "unknown", true} {
			r := &handlertest.FollowUp{Result: followup.Noted}
			textFixture(t, r).Call("call-1", caller).Tool("send_information", args{"procedure": procedure, "consent": true})
			require.Zero(t, r.Promises[0].Procedure.Len(), "%v", procedure)
		}
	})
	t.Run("every result of a promise has a sentence", func(t *testing.T) {
		t.Parallel()
		for promised, want := range map[followup.PromiseResult]struct {
			code    int
			message string
		}{
			followup.Noted:             {200, "I will text you the information after this call."},
			followup.ProcedureUnknown:  {404, "Which treatment would you like the information about?"},
			followup.DocumentMissing:   {404, "no information about that"},
			followup.NoNumberToText:    {422, "I can only text the number you are calling from"},
			followup.NotATextNumber:    {422, "cannot get our texts"},
			followup.TextedAlready:     {422, "texted you already"},
			followup.HasBooked:         {422, "booked an appointment"},
			followup.WantsNoTexts:      {422, "text START to the clinic's number"},
			followup.ClinicSendsNoText: {422, "we do not send information by text"},
		} {
			d := textFixture(t, &handlertest.FollowUp{Result: promised})
			w := d.Call("call-1", caller).Send("send_information", args{"procedure": "nose job", "consent": true})
			require.NotContains(t, w.Body.String(), "nose")
			s := d.Call("call-1", caller).Tool("send_information", args{"procedure": "nose job", "consent": true})
			require.Equal(t, string(promised), s.Status)
			require.Equal(t, want.code, s.Code)
			require.Contains(t, s.Message, want.message)
			require.Equal(t, promised == followup.Noted, strings.HasPrefix(s.Message, "I will text"), "only a noted promise is spoken")
			require.NotContains(t, d.Log.String(), "nose")
		}
	})
	t.Run("a failure is no promise", func(t *testing.T) {
		t.Parallel()
		for name, r := range map[string]*handlertest.FollowUp{
			"the store fails":     {Result: followup.Noted, Err: errors.New("row 7 of Sarah Connor")},
			"an answer of no use": {Result: "Sarah Connor"},
		} {
			t.Run(name, func(t *testing.T) {
				d := textFixture(t, r)
				w := handlertest.Results(t, d.Call("call-1", caller).Send("send_information", args{"consent": true}))
				require.Contains(t, w[0].Error, "failed on our side")
				require.Contains(t, d.Log.String(), `"outcome":"failed"`)
				require.NotContains(t, d.Log.String(), "Connor")
			})
		}
	})
	t.Run("a promise is spoken at once in English only", func(t *testing.T) {
		t.Parallel()
		all, err := tools.New(tools.Config{FollowUp: &handlertest.FollowUp{Result: followup.Noted}})
		require.NoError(t, err)
		call := vapi.ToolCall{Org: harley, Arguments: []byte(`{"consent":true}`)}
		r, err := all[0].Call(t.Context(), call)
		require.NoError(t, err)
		require.Equal(t, r.Message, r.Say)

		call.Org.Locale = "de-DE"
		r, err = all[0].Call(t.Context(), call)
		require.NoError(t, err)
		require.Empty(t, r.Say)
	})
}

func TestOptOut(t *testing.T) {
	t.Parallel()
	t.Run("a caller opts out", func(t *testing.T) {
		t.Parallel()
		r := new(handlertest.FollowUp)
		d := textFixture(t, r)
		s := d.Call("call-1", caller).Tool("opt_out", args{"number": "+447700900999"})
		require.Equal(t, "opted_out", s.Status)
		require.Equal(t, "You will not get any texts from us.", s.Message)
		require.Equal(t, [][2]string{{"call-1", caller}}, r.OptOuts)

		r.NoNumber = true
		browser := d.Call("call-2", caller)
		browser.Kind = "webCall"
		s = browser.Tool("opt_out", args{})
		require.Equal(t, "no_number", s.Status)
		require.Equal(t, 422, s.Code)
		require.Equal(t, [2]string{"call-2", ""}, r.OptOuts[1], "a browser cannot opt out a number")

		r.Err = errors.New("row 7")
		require.Contains(t, handlertest.Results(t, d.Call("call-3", caller).Send("opt_out", args{}))[0].Error, "failed on our side")
	})
}

// FuzzSendInformation checks that only a yes is consent, of all values that a model
// gives.
func FuzzSendInformation(f *testing.F) {
	for _, consent := range []string{`true`, `"yes"`, `null`, `{}`, `[true]`, `"true "`, `1`, `1.0`, `"\u0079es"`} {
		f.Add(consent, `"botox"`)
	}
	r := &handlertest.FollowUp{Result: followup.Noted}
	all, err := tools.New(tools.Config{FollowUp: r})
	require.NoError(f, err)
	f.Fuzz(func(t *testing.T, consent, procedure string) {
		r.Promises = nil
		result, err := all[0].Call(t.Context(), vapi.ToolCall{Org: harley, Arguments: []byte(`{"consent":` + consent + `,"procedure":` + procedure + `}`)})
		require.NoError(t, err)
		if result.Status == "consent_needed" {
			require.Empty(t, r.Promises)
			return
		}
		require.Equal(t, "noted", result.Status)
		require.Len(t, r.Promises, 1)
	})
}
