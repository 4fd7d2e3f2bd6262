package pgxstore

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/callwaiting-ai/callwaiting/tenant"
)

// cacheSize bounds the known and the unknown keys of a cache each, so that a
// flood of invented keys costs little memory and evicts no clinic.
const cacheSize = 10_000

// cache keeps loaded values, and keys without a clinic, for a while. Concurrent
// calls for one key share one load.
type cache[V any] struct {
	ttl time.Duration

	mu      sync.Mutex
	known   map[string]*entry[V]
	unknown map[string]time.Time // when it expires
	loading map[string]*entry[V]
}

type entry[V any] struct {
	loaded  chan struct{}
	value   V
	err     error
	expires time.Time
}

func newCache[V any](ttl time.Duration) cache[V] {
	return cache[V]{ttl: ttl, known: map[string]*entry[V]{}, unknown: map[string]time.Time{}, loading: map[string]*entry[V]{}}
}

// get returns the value of key, which it loads if it is not cached. A load
// outlives the caller that started it: the others still get their value.
func (c *cache[V]) get(ctx context.Context, key string, load func(context.Context) (V, error)) (V, error) {
	var zero V
	now := time.Now()
	c.mu.Lock()
	if e := c.known[key]; e != nil && now.Before(e.expires) {
		c.mu.Unlock()
		return e.value, nil
	}
	if now.Before(c.unknown[key]) {
		c.mu.Unlock()
		return zero, tenant.ErrUnknownOrg
	}
	e := c.loading[key]
	if e == nil {
		e = &entry[V]{loaded: make(chan struct{})}
		c.loading[key] = e
		go c.fill(context.WithoutCancel(ctx), key, e, load)
	}
	c.mu.Unlock()
	select {
	case <-e.loaded:
		return e.value, e.err
	case <-ctx.Done():
		return zero, context.Cause(ctx)
	}
}

// fill loads an entry, wakes its waiters and caches it, unless the load failed.
func (c *cache[V]) fill(ctx context.Context, key string, e *entry[V], load func(context.Context) (V, error)) {
	e.value, e.err = load(ctx)
	e.expires = time.Now().Add(c.ttl)
	c.mu.Lock()
	delete(c.loading, key)
	delete(c.known, key)
	delete(c.unknown, key)
	switch {
	case e.err == nil:
		evictAny(c.known)
		c.known[key] = e
	case errors.Is(e.err, tenant.ErrUnknownOrg):
		evictAny(c.unknown)
		c.unknown[key] = e.expires
	}
	c.mu.Unlock()
	close(e.loaded)
}

// put caches a value that was loaded together with another one.
func (c *cache[V]) put(key string, value V) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.loading[key] != nil {
		return // a newer value is on its way
	}
	evictAny(c.known)
	c.known[key] = &entry[V]{value: value, expires: time.Now().Add(c.ttl)}
	delete(c.unknown, key)
}

// evictAny deletes an arbitrary entry of a full map.
func evictAny[V any](m map[string]V) {
	if len(m) < cacheSize {
		return
	}
	for key := range m {
		delete(m, key)
		return
	}
}
