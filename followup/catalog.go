package followup

import (
	"context"
	"io"
	"time"

	"github.com/callwaiting-ai/callwaiting/redact"
	"github.com/callwaiting-ai/callwaiting/tenant"
)

// A Catalog knows a clinic's procedures by what they are called, and the
// documents about them. Safe for concurrent use.
type Catalog interface {
	// Match returns the procedure that words are about: the words of a caller,
	// an analysis or a whole transcript. ok is false if they are about none,
	// or about several alike. It is asked before anything is redacted, and
	// keeps nothing of the words.
	Match(ctx context.Context, org tenant.ID, words redact.Speech) (id ProcedureID, ok bool, err error)

	// Document returns the name of a procedure's document in the clinic's
	// Assets; ok is false if there is none.
	Document(ctx context.Context, org tenant.ID, id ProcedureID) (name string, ok bool, err error)
}

// Assets holds the documents of the clinics. [Folder] is the default. Safe for
// concurrent use.
type Assets interface {
	// Open returns a document of the clinic. The error is ErrNotFound if there
	// is none of that name, and for every name that is not a plain one.
	Open(ctx context.Context, org tenant.ID, name string) (Document, error)
}

// Document is a document to be shown. Close it.
type Document struct {
	io.ReadSeekCloser
	Type    string // MIME
	Changed time.Time
}
