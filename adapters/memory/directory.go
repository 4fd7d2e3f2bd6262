package memory

import (
	"context"
	"fmt"

	"github.com/callwaiting-ai/callwaiting/tenant"
)

// Directory is a [tenant.Directory] that never changes. Safe for concurrent
// use. Make one with [NewDirectory].
type Directory struct {
	byKey         map[string]tenant.Registration
	byPhoneNumber map[string]tenant.ID
	byAssistant   map[string]tenant.ID
}

// NewDirectory returns a directory of clinics. The error names the clinic and
// the field that cannot be used: an Org that is not valid, an empty secret or
// id, or an id, key, phone number or assistant that another clinic has.
func NewDirectory(clinics ...tenant.Registration) (*Directory, error) {
	d := &Directory{
		byKey:         map[string]tenant.Registration{},
		byPhoneNumber: map[string]tenant.ID{},
		byAssistant:   map[string]tenant.ID{},
	}
	known := map[tenant.ID]bool{}
	for _, c := range clinics {
		if err := c.Org.Validate(); err != nil {
			return nil, fmt.Errorf("memory: %w", err)
		}
		if c.Secrets.Current == "" {
			return nil, fmt.Errorf("memory: Registration.Secrets.Current of %s is empty: give the secret that its Vapi account sends", c.Org.ID)
		}
		if known[c.Org.ID] {
			return nil, fmt.Errorf("memory: Registration.Org.ID %s is given twice: register each clinic once", c.Org.ID)
		}
		known[c.Org.ID] = true
		if other, taken := d.byKey[c.Org.Key]; taken {
			return nil, fmt.Errorf("memory: Registration.Org.Key of %s is also that of %s: give each clinic a key of its own", c.Org.ID, other.Org.ID)
		}
		d.byKey[c.Org.Key] = c
		if err := register(d.byPhoneNumber, "PhoneNumberIDs", c.PhoneNumberIDs, c.Org.ID); err != nil {
			return nil, err
		}
		if err := register(d.byAssistant, "AssistantIDs", c.AssistantIDs, c.Org.ID); err != nil {
			return nil, err
		}
	}
	return d, nil
}

func register(owners map[string]tenant.ID, field string, ids []string, org tenant.ID) error {
	for _, id := range ids {
		if id == "" {
			return fmt.Errorf("memory: Registration.%s of %s has an empty id: take it out or give Vapi's id", field, org)
		}
		if owner, taken := owners[id]; taken && owner != org {
			return fmt.Errorf("memory: Registration.%s of %s has %q, which belongs to %s: register it with one clinic", field, org, id, owner)
		}
		owners[id] = org
	}
	return nil
}

// ByKey implements [tenant.Directory].
func (d *Directory) ByKey(_ context.Context, key string) (tenant.Org, tenant.Secrets, error) {
	c, known := d.byKey[key]
	if !known {
		return tenant.Org{}, tenant.Secrets{}, tenant.ErrUnknownOrg
	}
	return c.Org, c.Secrets, nil
}

// ByPhoneNumberID implements [tenant.Directory].
func (d *Directory) ByPhoneNumberID(_ context.Context, id string) (tenant.ID, error) {
	return owner(d.byPhoneNumber, id)
}

// ByAssistantID implements [tenant.Directory].
func (d *Directory) ByAssistantID(_ context.Context, id string) (tenant.ID, error) {
	return owner(d.byAssistant, id)
}

func owner(owners map[string]tenant.ID, id string) (tenant.ID, error) {
	org, known := owners[id]
	if !known {
		return tenant.ID{}, tenant.ErrUnknownOrg
	}
	return org, nil
}
