package redact

import (
	"errors"
	"io"
)

// A Writer redacts a stream. Its output equals [Engine.Redact] of the whole
// text, however the text is divided into writes. For that a Writer holds back
// up to 5 KB, until it knows how the text continues. [Writer.Flush] writes the
// held bytes, for example at the end of an utterance.
//
// A Writer is not safe for concurrent use.
type Writer struct {
	w     io.Writer
	e     *Engine
	buf   []byte // context, then the text that is not yet written
	start int    // offset in buf of the text that is not yet written
	sc    scratch
	out   []byte
	err   error
}

// NewWriter returns a Writer that writes redacted text to w. The caller must
// call Close to write the last bytes; Close does not close w.
func NewWriter(w io.Writer, e *Engine) *Writer {
	return &Writer{w: w, e: e}
}

var errClosed = errors.New("redact: write to a closed Writer")

// Write adds p to the stream. An error of the underlying writer is returned
// from then on. A stretch in which a recognizer fails is written as
// "[REDACTED: ERROR]" and counted by [Engine.Faults].
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

// WriteString adds s to the stream, like Write.
func (w *Writer) WriteString(s string) (int, error) { return w.Write([]byte(s)) }

// Flush writes all bytes held back. Later writes begin a new text: a fact that
// spans the flush is not recognized.
func (w *Writer) Flush() error {
	for w.err == nil && w.start < len(w.buf) {
		end := min(len(w.buf), w.start+windowSize)
		w.writeWindow(w.buf[:end], end == len(w.buf))
	}
	w.buf, w.start = w.buf[:0], 0
	return w.err
}

// Close flushes. Writes after Close fail; a second Close does not.
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

// writeWindow redacts and writes the first part of text, which is the beginning
// of w.buf, and removes the bytes that are no longer needed as context.
func (w *Writer) writeWindow(text []byte, last bool) {
	s := string(text)
	win, err := w.e.window(&w.sc, s, w.start, last)
	if err != nil {
		// No byte of the window may be written, or serve as later context.
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
