// Package followup texts a caller the promised document, after a call that ended
// without a booking.
//
// Such a call becomes one text message with a link to the document the caller
// asked about. The message is sent once or not at all, never after a booking or
// an opt-out, never outside the hours in which people may be texted, and it has
// no medical word in it. Confirmations, reminders, cancellation notices and
// offers from a waitlist are sent in the same way.
//
// A [Service] records events in any order and any number of times: a call began,
// ended or was reported, a caller consented or opted out, a carrier reported a
// status. It writes them to a [Store] before it returns, and does no other work.
// A [Worker] does the rest: a [Queue] wakes it, it decides under the contact's
// lock, which bookings and opt-outs take too, and it hands the message to a
// [Sender].
//
// The record of a message is its [Intent], a small state machine:
//
//	planned → sending → accepted → sent → delivered | undelivered | failed
//	planned → suppressed | expired
//	sending → planned (certainly not sent) | rejected | unknown
//	unknown → accepted (found at the carrier) | planned (certainly absent) | dead
//
// The outcome of an attempt is unknown if its worker died meanwhile: a worker
// reconciles it with the carrier and never sends it again blindly.
//
// Errors, tasks and log lines of this package carry ids. They must not hold a
// phone number, a name, a text or a medical word.
package followup
