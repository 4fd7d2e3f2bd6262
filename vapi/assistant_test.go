package vapi_test

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/callwaiting-ai/callwaiting/tenant"
	"github.com/callwaiting-ai/callwaiting/vapi"
	"github.com/callwaiting-ai/callwaiting/vapi/assistant"
)

const request = `{"message":{"type":"assistant-request","call":{"id":"call-1","assistantId":null,"phoneNumberId":"pn-harley"}}}`

func TestConfig_Assistant(t *testing.T) {
	t.Parallel()
	t.Run("a saved assistant gets the variables of the clinic and the day", func(t *testing.T) {
		t.Parallel()
		d := newFixture(t, func(c *vapi.Config) { c.Assistant = assistant.Saved("as-harley") })
		w := d.Post(request)
		require.Equal(t, http.StatusOK, w.Code)
		require.JSONEq(t, `{"assistantId":"as-harley","assistantOverrides":{"variableValues":{
		"clinicName":"Harley Street Clinic","timeZone":"Europe/London","today":"2026-11-22","weekday":"Sunday","localTime":"14:05",
		"nextDays":"Sunday 2026-11-22, Monday 2026-11-23, Tuesday 2026-11-24, Wednesday 2026-11-25, Thursday 2026-11-26, Friday 2026-11-27, Saturday 2026-11-28, Sunday 2026-11-29, Monday 2026-11-30, Tuesday 2026-12-01, Wednesday 2026-12-02, Thursday 2026-12-03, Friday 2026-12-04, Saturday 2026-12-05"}}}`,
			w.Body.String())
	})
	t.Run("a whole assistant may replace variables", func(t *testing.T) {
		t.Parallel()
		d := newFixture(t, func(c *vapi.Config) {
			c.Assistant = func(_ context.Context, org tenant.Org) (vapi.AssistantChoice, error) {
				return vapi.AssistantChoice{Assistant: json.RawMessage(`{"name":"Amy"}`), Values: map[string]string{"today": "never", "greeting": "Good day"}}, nil
			}
		})
		var answer struct {
			AssistantID        *string `json:"assistantId"`
			Assistant          struct{ Name string }
			AssistantOverrides struct{ VariableValues map[string]string }
		}
		require.NoError(t, json.Unmarshal(d.Post(request).Body.Bytes(), &answer))
		require.Nil(t, answer.AssistantID)
		require.Equal(t, "Amy", answer.Assistant.Name)
		require.Equal(t, "never", answer.AssistantOverrides.VariableValues["today"])
		require.Equal(t, "Good day", answer.AssistantOverrides.VariableValues["greeting"])
		require.Equal(t, "Sunday", answer.AssistantOverrides.VariableValues["weekday"])
	})
	t.Run("the caller hears Unanswered if no assistant takes the call", func(t *testing.T) {
		t.Parallel()
		for name, assistant := range map[string]func(context.Context, tenant.Org) (vapi.AssistantChoice, error){
			"no Config.Assistant": nil,
			"no choice":           func(context.Context, tenant.Org) (vapi.AssistantChoice, error) { return vapi.AssistantChoice{}, nil },
			"the choice fails": func(context.Context, tenant.Org) (vapi.AssistantChoice, error) {
				return vapi.AssistantChoice{}, errors.New("row 7")
			},
			"the choice panics": func(context.Context, tenant.Org) (vapi.AssistantChoice, error) { panic("Zoë") },
			"the choice is no JSON": func(context.Context, tenant.Org) (vapi.AssistantChoice, error) {
				return vapi.AssistantChoice{Assistant: func() {}}, nil
			},
		} {
			t.Run(name, func(t *testing.T) {
				d := newFixture(t, func(c *vapi.Config) { c.Assistant, c.Unanswered = assistant, "We are\nclosed." })
				w := d.Post(request)
				require.Equal(t, http.StatusOK, w.Code)
				require.Equal(t, `{"error":"We are closed."}`, w.Body.String())
				require.Equal(t, "unanswered", d.Observations.Last().Outcome)
				require.NotContains(t, d.Log.String(), "Zoë")
			})
		}
	})
	t.Run("a late choice is not awaited", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			d := newFixture(t, func(c *vapi.Config) {
				c.Assistant = func(context.Context, tenant.Org) (vapi.AssistantChoice, error) {
					time.Sleep(time.Minute) // of the test's own clock
					return vapi.AssistantChoice{AssistantID: "as-harley"}, nil
				}
			})
			start := time.Now()
			w := d.Post(request)
			require.Equal(t, 6*time.Second, time.Since(start))
			require.Contains(t, w.Body.String(), `{"error":`)
			time.Sleep(2 * time.Minute)
		})
	})
}

func TestVariables(t *testing.T) {
	t.Parallel()
	t.Run("the day is the day of the clinic", func(t *testing.T) {
		t.Parallel()
		late := time.Date(2026, 11, 22, 23, 30, 0, 0, time.UTC) // half past midnight in Lagos
		require.Equal(t, "2026-11-22", vapi.Variables(harley, late)["today"])
		require.Equal(t, "2026-11-23", vapi.Variables(ikeja, late)["today"])
		require.Equal(t, "Monday", vapi.Variables(ikeja, late)["weekday"])
		require.Equal(t, "00:30", vapi.Variables(ikeja, late)["localTime"])
		// The night the clocks go back has 25 hours, and is one day all the same.
		autumn := time.Date(2026, 10, 24, 23, 30, 0, 0, time.UTC)
		require.True(t, strings.HasPrefix(vapi.Variables(harley, autumn)["nextDays"], "Sunday 2026-10-25, Monday 2026-10-26, "))
	})
}
