package followup

import (
	"context"
	"io"
	"time"

	"github.com/callwaiting-ai/callwaiting/redact"
	"github.com/callwaiting-ai/callwaiting/tenant"
)

// A Catalog has the clinics' procedures, by their names, and the documents about
// them. Package procedures has the default. Safe for concurrent use.
type Catalog interface {
	// Match returns the procedure that words are about: the words of a caller,
	// an analysis or a whole transcript. ok is false if they name no procedure,
	// or several alike. The words are not redacted: Match must not keep them.
	Match(ctx context.Context, org tenant.ID, words redact.Speech) (id ProcedureID, ok bool, err error)

	// Document returns the name of a procedure's document in the clinic's
	// Assets; ok is false if the procedure has no document.
	Document(ctx context.Context, org tenant.ID, id ProcedureID) (name string, ok bool, err error)
}

// Assets holds the documents of the clinics. [Folder] is the default. Safe for
// concurrent use.
type Assets interface {
	// Open returns a document of the clinic. The error is ErrNotFound for an
	// unknown name and for a name that is not a ValidDocumentName.
	Open(ctx context.Context, org tenant.ID, name string) (Document, error)
}

// Document is an open document. The caller must close it.
type Document struct {
	io.ReadSeekCloser
	Type    string // MIME
	Changed time.Time
}
