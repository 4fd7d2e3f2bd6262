package redact_test

import (
	"fmt"
	"log/slog"
	"os"

	"github.com/callwaiting-ai/callwaiting/redact"
)

func Example() {
	engine, err := redact.New(redact.Config{})
	if err != nil {
		panic(err)
	}
	const said = "i live at 123 harley street and i have heart disease"

	fmt.Println(engine.Redact(said)) // for a log

	contacts, note := engine.Split(said) // for the record
	fmt.Println(contacts.Addresses)
	fmt.Println(note)

	// Output:
	// i live at [REDACTED: ADDRESS] and i have [REDACTED: MEDICAL]
	// [123 harley street]
	// i live at 123 harley street and i have [REDACTED: MEDICAL]
}

func ExampleNewHandler() {
	engine, err := redact.New(redact.Config{})
	if err != nil {
		panic(err)
	}
	log := slog.New(redact.NewHandler(slog.NewTextHandler(os.Stdout, &slog.HandlerOptions{
		ReplaceAttr: func(_ []string, a slog.Attr) slog.Attr {
			if a.Key == slog.TimeKey {
				return slog.Attr{}
			}
			return a
		},
	}), engine))
	log.Info("call ended", "call", "c-17", "took", 90, "reason", "caller asked about rhinoplasty", "transcript", "hello")
	// Output:
	// level=INFO msg="call ended" call=c-17 took=90 reason="caller asked about [REDACTED: MEDICAL]" transcript="[REDACTED: SPEECH]"
}

func ExampleNewWriter() {
	engine, err := redact.New(redact.Config{})
	if err != nil {
		panic(err)
	}
	w := redact.NewWriter(os.Stdout, engine)
	for _, chunk := range []string{"she takes war", "farin for her he", "art disease\n"} {
		if _, err := w.WriteString(chunk); err != nil {
			panic(err)
		}
	}
	if err := w.Close(); err != nil {
		panic(err)
	}
	// Output:
	// she takes [REDACTED: MEDICAL] for her [REDACTED: MEDICAL]
}
