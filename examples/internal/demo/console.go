package demo

import (
	"context"
	"fmt"
	"io"
	"sync"

	"github.com/callwaiting-ai/callwaiting/followup"
	"github.com/callwaiting-ai/callwaiting/tenant"
)

// Console is a carrier for a demonstration: it writes each text to Out, with
// the last digits of its number. Out must be a console, never a log: texts are
// private.
type Console struct {
	Out io.Writer

	mu sync.Mutex
}

// Send implements [followup.Sender].
func (c *Console) Send(_ context.Context, _ tenant.ID, m followup.Message) (followup.Receipt, error) {
	m.RequestWritten()
	c.mu.Lock()
	defer c.mu.Unlock()
	if _, err := fmt.Fprintf(c.Out, "\ntext to …%s\n  %s\n", m.To[max(0, len(m.To)-3):], m.Body); err != nil {
		return followup.Receipt{}, &followup.SendError{Outcome: followup.Uncertain, Reason: followup.Transient, Err: err}
	}
	return followup.Receipt{Provider: "console-" + string(m.Intent), State: followup.Sent}, nil
}
