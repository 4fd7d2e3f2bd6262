package redact

import (
	"errors"
	"io"
)

// A Writer redacts a stream. However the stream is cut into writes, what comes
// out is what [Engine.Redact] makes of the whole. To that end a Writer holds
// back up to 5 KB until it knows what follows; [Writer.Flush] releases them,
// at the end of an utterance say.
//
// A Writer is not safe for concurrent use.
type Writer struct {
	w     io.Writer
	e     *Engine
	buf   []byte // from the start of the context on
	start int    // where in buf the text begins that is not yet written
	sc    scratch
	out   []byte
	err   error
}

// NewWriter returns a Writer that writes redacted text to w. Close it to write
// the last of it; that does not close w.
func NewWriter(w io.Writer, e *Engine) *Writer {
	return &Writer{w: w, e: e}
}

var errClosed = errors.New("redact: write to a closed Writer")

// Write takes in p. Its error is that of the underlying writer, and stays. A
// stretch in which a recognizer fails comes out as "[REDACTED: ERROR]" and is
// counted by [Engine.Faults].
func (w *Writer) Write(p []byte) (int, error) {
	if w.err != nil {
		return 0, w.err
	}
	w.buf = append(w.buf, p...)
	for w.err == nil && len(w.buf)-w.start > windowSize {
		w.writeWindow(w.buf[:w.start+windowSize], false)
	}
	if w.err != nil {
		return 0, w.err
	}
	return len(p), nil
}

// WriteString is Write.
func (w *Writer) WriteString(s string) (int, error) { return w.Write([]byte(s)) }

// Flush writes all that is held back. What comes after is redacted as a text
// of its own.
func (w *Writer) Flush() error {
	for w.err == nil && w.start < len(w.buf) {
		end := min(len(w.buf), w.start+windowSize)
		w.writeWindow(w.buf[:end], end == len(w.buf))
	}
	w.buf, w.start = w.buf[:0], 0
	return w.err
}

// Close flushes. A Write after it fails.
func (w *Writer) Close() error {
	if errors.Is(w.err, errClosed) {
		return nil
	}
	err := w.Flush()
	if w.err == nil {
		w.err = errClosed
	}
	return err
}

// settle redacts and writes the beginning of text, which is the beginning of
// w.buf, and forgets what is no longer needed.
func (w *Writer) writeWindow(text []byte, last bool) {
	s := string(text)
	win, err := w.e.window(&w.sc, s, w.start, last)
	if err != nil {
		// Nothing of the window may be seen, not even as context of the next.
		w.out = append(w.out[:0], faultText...)
		win = window{cut: len(s), next: len(s)}
	} else {
		w.out = w.e.write(w.out[:0], s, w.start, win.cut, win.spans)
	}
	w.buf = w.buf[:copy(w.buf, w.buf[win.next:])]
	w.start = win.cut - win.next
	if _, err := w.w.Write(w.out); err != nil {
		w.err = err
	}
}
