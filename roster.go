package callwaiting

import (
	"fmt"

	"github.com/callwaiting-ai/callwaiting/tenant"
)

// roster is the state of a registry at one moment. It never changes.
type roster struct {
	members       []*registered
	byName        map[string]*registered
	byKey         map[string]*registered
	byID          map[tenant.ID]*registered
	byPhoneNumber map[string]tenant.ID
	byAssistant   map[string]tenant.ID
}

// registered is a clinic with its secrets resolved.
type registered struct {
	*profile
	name    string
	secrets tenant.Secrets
	carrier *Carrier // nil: no account of its own
}

func newRoster() *roster {
	return &roster{
		byName:        make(map[string]*registered),
		byKey:         make(map[string]*registered),
		byID:          make(map[tenant.ID]*registered),
		byPhoneNumber: make(map[string]tenant.ID),
		byAssistant:   make(map[string]tenant.ID),
	}
}

// add adds a clinic, unless another one has something that only one may have.
func (s *roster) add(m *registered, shareSecrets bool) error {
	problems := &DocumentError{Name: m.name}
	if other := s.byKey[m.org.Key]; other != nil {
		problems.add("key", fmt.Sprintf("%q is also that of the clinic %s: give each its own", m.org.Key, other.name))
	}
	if other := s.byID[m.org.ID]; other != nil {
		problems.add("id", fmt.Sprintf("is also that of the clinic %s: give each its own", other.name))
	}
	for _, other := range s.members {
		if shareSecrets {
			break
		}
		const text = "is also that of the clinic %s: one clinic's account could write to the other: give each its own"
		if accepts(other.secrets, m.secrets.Current) {
			problems.add("secrets.current", fmt.Sprintf(text, other.name))
		}
		if accepts(other.secrets, m.secrets.Previous) {
			problems.add("secrets.previous", fmt.Sprintf(text, other.name))
		}
	}
	owned := func(path string, owners map[string]tenant.ID, ids []string) {
		for i, id := range ids {
			if _, taken := owners[id]; taken {
				problems.add(fmt.Sprintf("%s[%d]", path, i), "belongs to another clinic as well: give it to one")
			}
		}
	}
	owned("vapi.phone_number_ids", s.byPhoneNumber, m.doc.Vapi.PhoneNumberIDs)
	owned("vapi.assistant_ids", s.byAssistant, m.doc.Vapi.AssistantIDs)
	if len(problems.Problems) > 0 {
		return problems
	}
	s.members = append(s.members, m)
	s.byName[m.name], s.byKey[m.org.Key], s.byID[m.org.ID] = m, m, m
	for _, id := range m.doc.Vapi.PhoneNumberIDs {
		s.byPhoneNumber[id] = m.org.ID
	}
	for _, id := range m.doc.Vapi.AssistantIDs {
		s.byAssistant[id] = m.org.ID
	}
	return nil
}

// accepts reports whether secret is one of s.
func accepts(s tenant.Secrets, secret string) bool {
	return secret != "" && (secret == s.Current || secret == s.Previous)
}
