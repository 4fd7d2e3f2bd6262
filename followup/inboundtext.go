package followup

import (
	"context"
	"log/slog"

	"github.com/callwaiting-ai/callwaiting/redact"
	"github.com/callwaiting-ai/callwaiting/tenant"
)

// InboundText is a text from a contact. It prints and logs without the contact.
type InboundText struct {
	From    string // E.164
	Message string // the carrier's id
	Body    redact.Speech

	// Kind is the carrier's classification, which stands; empty: it is read
	// here, see ReadReply.
	Kind ReplyKind
}

// String returns the carrier's id of the message, without the contact.
func (t InboundText) String() string { return "text " + t.Message }

// GoString keeps %#v from printing the person.
func (t InboundText) GoString() string { return t.String() }

// LogValue keeps slog from logging the person.
func (t InboundText) LogValue() slog.Value { return slog.StringValue(t.String()) }

// RecordInbound records a text and carries out STOP, START and their like before
// it returns. answer is the text to reply with; empty: no reply, as for a text that
// was recorded before.
func (s *Service) RecordInbound(ctx context.Context, org tenant.ID, t InboundText) (kind ReplyKind, answer string, err error) {
	settings, err := s.settings(ctx, org)
	if err != nil {
		return "", "", err
	}
	if kind = t.Kind; kind == "" {
		if kind, err = s.read(ctx, org, t); err != nil {
			return "", "", err
		}
	}
	// The ledger comes first: if recording the reply fails, the text is
	// delivered again, and the ledger knows it by its id.
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
	return kind, answerTo(kind, settings.Label()), nil
}

// read returns the request in a text. "Yes", and the other words that lift an
// opt-out, mean something else from a contact without an opt-out.
func (s *Service) read(ctx context.Context, org tenant.ID, t InboundText) (ReplyKind, error) {
	kind := ReadReply(t.Body)
	if kind != ReplyStart {
		return kind, nil
	}
	summary, err := s.cfg.Store.Summary(ctx, org, t.From)
	if err == nil && !summary.OptedOut {
		kind = ReplyOther
	}
	return kind, err
}

// answerTo returns the answer to a text. One confirmation of an opt-out is
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
