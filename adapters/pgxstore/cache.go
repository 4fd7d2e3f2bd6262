package pgxstore

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/callwaiting-ai/callwaiting/tenant"
)

// cacheSize bounds each half of a cache, so that a flood of invented keys
// costs no memory and throws out no clinic.
const cacheSize = 10_000

// cache keeps answers for a while: that there is a clinic, and that there is
// none. Those who ask for the same key at the same time share one question.
type cache[V any] struct {
	ttl time.Duration

	mu      sync.Mutex
	known   map[string]*entry[V]
	unknown map[string]time.Time // until when
	asking  map[string]*entry[V]
}

type entry[V any] struct {
	answered chan struct{}
	value    V
	err      error
	until    time.Time
}

func newCache[V any](ttl time.Duration) cache[V] {
	return cache[V]{ttl: ttl, known: map[string]*entry[V]{}, unknown: map[string]time.Time{}, asking: map[string]*entry[V]{}}
}

// get returns the answer for key, by asking if there is none. Whoever asks
// first may leave: the others still get their answer.
func (c *cache[V]) get(ctx context.Context, key string, ask func(context.Context) (V, error)) (V, error) {
	var none V
	now := time.Now()
	c.mu.Lock()
	if e := c.known[key]; e != nil && now.Before(e.until) {
		c.mu.Unlock()
		return e.value, nil
	}
	if now.Before(c.unknown[key]) {
		c.mu.Unlock()
		return none, tenant.ErrUnknownOrg
	}
	e := c.asking[key]
	if e == nil {
		e = &entry[V]{answered: make(chan struct{})}
		c.asking[key] = e
		go c.fill(context.WithoutCancel(ctx), key, e, ask)
	}
	c.mu.Unlock()
	select {
	case <-e.answered:
		return e.value, e.err
	case <-ctx.Done():
		return none, context.Cause(ctx)
	}
}

// fill asks, tells all who wait, and keeps the answer unless it is trouble.
func (c *cache[V]) fill(ctx context.Context, key string, e *entry[V], ask func(context.Context) (V, error)) {
	e.value, e.err = ask(ctx)
	e.until = time.Now().Add(c.ttl)
	c.mu.Lock()
	delete(c.asking, key)
	delete(c.known, key)
	delete(c.unknown, key)
	switch {
	case e.err == nil:
		makeRoom(c.known)
		c.known[key] = e
	case errors.Is(e.err, tenant.ErrUnknownOrg):
		makeRoom(c.unknown)
		c.unknown[key] = e.until
	}
	c.mu.Unlock()
	close(e.answered)
}

// put keeps an answer that came with another one.
func (c *cache[V]) put(key string, value V) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.asking[key] != nil {
		return // a newer answer is on its way
	}
	makeRoom(c.known)
	c.known[key] = &entry[V]{value: value, until: time.Now().Add(c.ttl)}
	delete(c.unknown, key)
}

// makeRoom removes one entry, whichever, of a full map.
func makeRoom[V any](m map[string]V) {
	if len(m) < cacheSize {
		return
	}
	for key := range m {
		delete(m, key)
		return
	}
}
