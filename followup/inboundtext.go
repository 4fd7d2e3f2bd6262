package followup

import (
	"context"
	"log/slog"

	"github.com/callwaiting-ai/callwaiting/redact"
	"github.com/callwaiting-ai/callwaiting/tenant"
)

// Text is a message from a person. It prints and logs without the person.
type InboundText struct {
	From    string // E.164
	Message string // the carrier's id
	Body    redact.Speech

	// Kind is what the carrier made of it, which stands; empty: it is read
	// here, see ReadReply.
	Kind ReplyKind
}

// String returns the carrier's id of the message and nothing else.
func (t InboundText) String() string { return "text " + t.Message }

// GoString keeps %#v from printing the person.
func (t InboundText) GoString() string { return t.String() }

// LogValue keeps slog from logging the person.
func (t InboundText) LogValue() slog.Value { return slog.StringValue(t.String()) }

// Inbound keeps that a person texted, and acts on STOP, START and their like
// before it returns. The answer is what to text back: empty for none, and for a
// text that came before.
func (s *Service) RecordInbound(ctx context.Context, org tenant.ID, t InboundText) (kind ReplyKind, answer string, err error) {
	clinic, err := s.settings(ctx, org)
	if err != nil {
		return "", "", err
	}
	if kind = t.Kind; kind == "" {
		if kind, err = s.read(ctx, org, t); err != nil {
			return "", "", err
		}
	}
	// The ledger comes first: should the note of the reply be lost, the text
	// comes again, and the ledger knows it by its id.
	if kind == ReplyStop || kind == ReplyStart {
		err = s.cfg.Store.RecordOptOut(ctx, org, OptOut{
			Phone: t.From, Again: kind == ReplyStart, Source: "text", Message: t.Message,
		})
		if err != nil {
			return kind, "", err
		}
	}
	first, err := s.cfg.Store.RecordReply(ctx, org, Reply{Phone: t.From, Message: t.Message, Kind: kind})
	if err != nil || !first {
		return kind, "", err
	}
	return kind, answerTo(kind, clinic.Label()), nil
}

// read reads what a text asks for. "Yes", and other words that lift an opt-out,
// are an answer to something else from whoever has not opted out.
func (s *Service) read(ctx context.Context, org tenant.ID, t InboundText) (ReplyKind, error) {
	kind := ReadReply(t.Body)
	if kind != ReplyStart {
		return kind, nil
	}
	memory, err := s.cfg.Store.Summary(ctx, org, t.From)
	if err == nil && !memory.OptedOut {
		kind = ReplyOther
	}
	return kind, err
}

// answerTo is what a reply is answered with. One confirmation of an opt-out is
// allowed, within five minutes and without advertising: 47 CFR 64.1200(a)(12).
func answerTo(kind ReplyKind, label string) string {
	switch kind {
	case ReplyStop:
		return label + ": you will get no more texts from us. Reply START if that was a mistake."
	case ReplyStart:
		return label + ": you will get texts from us again. Reply STOP to end them."
	case ReplyHelp:
		return label + ": to speak to us, please call. Reply STOP to get no more texts."
	case ReplyBook:
		return label + ": thank you, we have noted that you would like to book. You can also call us at any time."
	}
	return ""
}
