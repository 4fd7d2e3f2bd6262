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
//
// # Log lines
//
// Each failure is one line, with the clinic's id ("org") where it is known:
//
//	followup: send failed                the attempt, its outcome and the carrier's code
//	followup: results not persisted      retried until the lease ends, then unknown
//	followup: sending not begun          the store failed; the tasks come due again
//	followup: reconciliation failed      the carrier did not answer; it is asked again
//	followup: reconciler panicked        likewise
//	followup: opt-out not persisted      the carrier reports it with the next message
//	followup: decision panicked          of a policy or the like; the message waits
//	followup: document lookup failed     the message waits
//	followup: document missing           no text is promised or sent: add the file
//	followup: text not rendered          the message waits: correct the settings
//	followup: settings unavailable       of a clinic; its tasks come due again
//	followup: task failed                the task comes due again
//	followup: task panicked              likewise
//	followup: dequeue failed             retried within a second
//	followup: wait for the queue failed  retried after WorkerConfig.Poll
//	followup: observer panicked          without effect on messages
package followup
