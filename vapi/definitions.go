package vapi

import (
	"cmp"
	"encoding/json"
)

// Server is the address of a clinic's [Handler] at Vapi, and Vapi's proof.
type Server struct {
	URL string `json:"url"`

	// CredentialID names the credential, made in Vapi's dashboard, that holds
	// the clinic's secret.
	CredentialID string `json:"credentialId,omitempty"`

	// Headers are sent with every message: without a credential, the clinic's
	// secret as "X-Vapi-Secret". Prefer the credential, because Vapi repeats
	// an assistant with its parts in the messages it sends.
	Headers map[string]string `json:"headers,omitempty"`

	// TimeoutSeconds is how long Vapi waits for an answer; it must be more
	// than [Config.ToolDeadline].
	TimeoutSeconds int `json:"timeoutSeconds"`

	BackoffPlan BackoffPlan `json:"backoffPlan"`
}

// BackoffPlan is the plan of Vapi's retries. Without one Vapi never retries, and
// the report of a call that ended during a restart is lost.
type BackoffPlan struct {
	Type                string `json:"type"`
	MaxRetries          int    `json:"maxRetries"`
	BaseDelaySeconds    int    `json:"baseDelaySeconds"`
	ExcludedStatusCodes []int  `json:"excludedStatusCodes"`
}

// NewServer describes the Handler at url, with the retries that Vapi recommends
// and this package is made for: a refusal with 4xx is final, a message that was
// answered with 503 may be sent again.
func NewServer(url, credentialID string) Server {
	return Server{
		URL:            url,
		CredentialID:   credentialID,
		TimeoutSeconds: 20, // Vapi's default
		BackoffPlan: BackoffPlan{
			Type:                "exponential",
			MaxRetries:          3,
			BaseDelaySeconds:    1,
			ExcludedStatusCodes: []int{400, 401, 403, 404, 413, 422},
		},
	}
}

// Definition is a tool as Vapi takes it, in an assistant's model or by itself.
type Definition struct {
	Type     string         `json:"type"`
	Async    bool           `json:"async"`
	Function Function       `json:"function"`
	Messages []ToolSentence `json:"messages"`
	Server   *Server        `json:"server,omitempty"`
}

// Function is the part of a tool that the model sees.
type Function struct {
	Name        string          `json:"name"`
	Description string          `json:"description"`
	Parameters  json.RawMessage `json:"parameters"`
}

// ToolSentence is spoken to the caller while a tool works.
type ToolSentence struct {
	Type               string `json:"type"`
	Content            string `json:"content"`
	Blocking           *bool  `json:"blocking,omitempty"`
	TimingMilliseconds int    `json:"timingMilliseconds,omitempty"`
}

// Definitions describes tools to Vapi; encode it as JSON and paste it. With a
// nil server the tools are posted to the server of their assistant.
//
// They are synchronous, since the model does not get the result of an
// asynchronous tool, and they do not wait for their opening sentence to be spoken.
func Definitions(tools []Tool, server *Server) []Definition {
	noWait := false
	definitions := make([]Definition, len(tools))
	for i, t := range tools {
		parameters := t.Parameters
		if parameters == nil {
			parameters = json.RawMessage(`{"type":"object","properties":{}}`)
		}
		definitions[i] = Definition{
			Type:     "function",
			Function: Function{Name: t.Name, Description: t.Description, Parameters: parameters},
			Messages: []ToolSentence{
				// The default is "Hold on a sec" or similar, chosen by Vapi.
				{Type: "request-start", Content: cmp.Or(t.Opening, "One moment."), Blocking: &noWait},
				// The delay that Vapi's guide suggests; 100 to 120000.
				{Type: "request-response-delayed", Content: "I am still checking, thank you for waiting.", TimingMilliseconds: 4000},
			},
			Server: server,
		}
	}
	return definitions
}
