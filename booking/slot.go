package booking

import (
	"encoding/base32"
	"encoding/binary"
	"hash/fnv"
	"strings"
	"time"

	"github.com/callwaiting-ai/callwaiting/tenant"
)

// Slot is a start that can be booked. It is an offer: it has no owner.
type Slot struct {
	ID        SlotID
	Service   ServiceID
	Start     time.Time // in the clinic's zone
	End       time.Time
	Resource  ResourceID   // the resource of the query; empty: any
	Resources []ResourceID // a booking now would occupy these, in the order of the service's needs
}

// SlotID names an offered slot in thirteen letters and digits that a language
// model can copy and cannot invent: the start and a checksum over clinic,
// service, wanted resource and start. It is valid for as long as the catalog
// knows the service, on any server. It is no reservation: Book checks the rules
// and other bookings.
type SlotID string

var slotText = base32.NewEncoding("0123456789abcdefghjkmnpqrstvwxyz").WithPadding(base32.NoPadding)

// newSlotID encodes the minute of the start and the checksum, four bytes each.
func newSlotID(org tenant.ID, service ServiceID, res ResourceID, start int64) SlotID {
	var b [8]byte
	minute := uint32(start / 60)
	binary.BigEndian.PutUint32(b[:4], minute)
	binary.BigEndian.PutUint32(b[4:], slotSum(org, service, res, minute))
	var text [13]byte
	slotText.Encode(text[:], b[:])
	return SlotID(text[:])
}

func slotSum(org tenant.ID, service ServiceID, res ResourceID, minute uint32) uint32 {
	h := fnv.New64a()
	id := org.Bytes()
	h.Write(id[:])
	h.Write([]byte(service))
	h.Write([]byte{0})
	h.Write([]byte(res))
	h.Write([]byte{0})
	h.Write(binary.BigEndian.AppendUint32(nil, minute))
	sum := h.Sum64()
	return uint32(sum>>32) ^ uint32(sum)
}

// ResolveSlot returns the selection that a slot's id stands for: service,
// start and wanted resource. The error is ErrUnknownSlot.
func (c *Catalog) ResolveSlot(org tenant.ID, id SlotID) (Selection, error) {
	t, err := c.resolveSlot(org, id)
	if err != nil {
		return Selection{}, err
	}
	return Selection{Service: t.service.ID, Start: c.time(t.start), Resource: t.resource}, nil
}

// resolveSlot finds the target that id was made for. A model may have changed
// the case of letters, put spaces, hyphens or quotes about them, or taken a 0
// or a 1 for the letters that look like them. No other spelling is accepted.
func (c *Catalog) resolveSlot(org tenant.ID, id SlotID) (target, error) {
	text := strings.Map(func(r rune) rune {
		switch r {
		case ' ', '-', '"', '\'', '.':
			return -1
		case 'o':
			return '0'
		case 'i', 'l':
			return '1'
		}
		return r
	}, strings.ToLower(string(id)))
	b, err := slotText.DecodeString(text)
	// Thirteen digits hold 65 bits: without the comparison, two texts would
	// decode to one id.
	if err != nil || len(b) != 8 || slotText.EncodeToString(b) != text {
		return target{}, ErrUnknownSlot
	}
	minute, sum := binary.BigEndian.Uint32(b[:4]), binary.BigEndian.Uint32(b[4:])
	for _, s := range c.services {
		if slotSum(org, s.ID, "", minute) == sum {
			return target{service: s, start: int64(minute) * 60}, nil
		}
		for _, r := range s.all {
			if slotSum(org, s.ID, r, minute) == sum {
				return target{service: s, start: int64(minute) * 60, resource: r}, nil
			}
		}
	}
	return target{}, ErrUnknownSlot
}
