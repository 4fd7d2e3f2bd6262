package twiliosms

import (
	"errors"
	"strings"
	"sync/atomic"
)

// A requestBody can be cancelled until its first byte is read. Then no byte of
// it goes out, whatever net/http still does with the request. It can be read
// once.
type requestBody struct {
	text  *strings.Reader
	state atomic.Int32
}

const (
	bodyUnread int32 = iota
	bodyRead
	bodyCancelled
)

func newRequestBody(text string) *requestBody { return &requestBody{text: strings.NewReader(text)} }

// Read implements io.Reader.
func (b *requestBody) Read(p []byte) (int, error) {
	if !b.state.CompareAndSwap(bodyUnread, bodyRead) && b.state.Load() == bodyCancelled {
		return 0, errCancelled
	}
	return b.text.Read(p)
}

// cancel reports whether no byte of b has been read, and none ever will be.
func (b *requestBody) cancel() bool { return b.state.CompareAndSwap(bodyUnread, bodyCancelled) }

var errCancelled = errors.New("twiliosms: the request was cancelled before it was written")
