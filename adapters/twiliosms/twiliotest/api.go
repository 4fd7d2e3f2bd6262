package twiliotest

import (
	"crypto/subtle"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/callwaiting-ai/callwaiting/followup/followuptest"
)

var (
	messages = regexp.MustCompile(`^/2010-04-01/Accounts/(AC[0-9a-fA-F]{32})/Messages\.json$`)
	service  = regexp.MustCompile(`^MG[0-9a-fA-F]{32}$`)
	e164     = regexp.MustCompile(`^\+[1-9][0-9]{6,14}$`)
)

// twilioError is the JSON body of an error response.
type twilioError struct {
	Code     int    `json:"code"`
	Message  string `json:"message"`
	MoreInfo string `json:"more_info"`
	Status   int    `json:"status"`
}

// serve handles a request as the API does, or with the next fault.
func (s *Server) serve(w http.ResponseWriter, r *http.Request) {
	arrived := time.Now()
	fault := s.nextFault(r.Method == http.MethodPost)
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return // cancelled by the client or cut off: not a whole request
	}
	if s.wait(s.between(s.cfg.Latency)) != nil {
		panic(http.ErrAbortHandler)
	}
	switch fault {
	case followuptest.ServerErrorBefore:
		http.Error(w, "<html>503 Service Unavailable</html>", http.StatusServiceUnavailable)
		return
	case followuptest.RateLimited:
		s.rateLimit(w)
		return
	case followuptest.Misconfigured:
		refuse(w, http.StatusUnauthorized, 20003, "Authenticate")
		return
	}
	account, token, ok := s.account(r)
	if !ok {
		refuse(w, http.StatusUnauthorized, 20003, "Authenticate")
		return
	}
	switch r.Method {
	case http.MethodPost:
		s.create(w, r, fault, account, token, body, arrived)
	case http.MethodGet:
		s.list(w, r, fault, account)
	default:
		s.problem("method %s", r.Method)
		refuse(w, http.StatusMethodNotAllowed, 20004, "Method not allowed")
	}
}

// account returns the account of a request. ok is false for wrong credentials.
func (s *Server) account(r *http.Request) (sid, token string, ok bool) {
	path := messages.FindStringSubmatch(r.URL.Path)
	if path == nil {
		s.problem("path %s", r.URL.Path)
		return "", "", false
	}
	user, password, ok := r.BasicAuth()
	if !ok || user != path[1] || password == "" {
		return "", "", false
	}
	if s.cfg.Accounts == nil {
		return user, password, true
	}
	known := s.cfg.Accounts[user]
	return user, password, known != "" && subtle.ConstantTimeCompare([]byte(known), []byte(password)) == 1
}

func (s *Server) rateLimit(w http.ResponseWriter) {
	wait := s.cfg.Faults.RetryAfter
	if s.faulty(followuptest.RateLimited) {
		wait = 7 * time.Second
	}
	if wait > 0 {
		w.Header().Set("Retry-After", strconv.Itoa(int(wait/time.Second)))
	}
	refuse(w, http.StatusTooManyRequests, 20429, "Too many requests")
}

func (s *Server) faulty(f followuptest.Fault) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.fault == f
}

// create accepts a message or refuses it with Twilio's error.
func (s *Server) create(w http.ResponseWriter, r *http.Request, fault followuptest.Fault, account, token string, body []byte, arrived time.Time) {
	form, err := url.ParseQuery(string(body))
	if kind := r.Header.Get("Content-Type"); err != nil || kind != "application/x-www-form-urlencoded" {
		s.problem("content type %q, error %v", kind, err)
		refuse(w, http.StatusBadRequest, 20001, "Unreadable form")
		return
	}
	switch fault {
	case followuptest.RefuseOptedOut:
		refuse(w, http.StatusBadRequest, 21610, "Attempt to send to unsubscribed recipient "+form.Get("To"))
		return
	case followuptest.RefuseBadNumber:
		refuse(w, http.StatusBadRequest, 21211, "Invalid 'To' Phone Number: "+form.Get("To"))
		return
	}
	if e := s.invalid(form); e != nil {
		refuse(w, http.StatusBadRequest, e.Code, e.Message)
		return
	}
	m := s.accept(Message{
		AccountSID: account, To: form.Get("To"), From: form.Get("From"), MessagingServiceSID: form.Get("MessagingServiceSid"),
		Body: form.Get("Body"), StatusCallback: form.Get("StatusCallback"), ValidityPeriod: 36000, Arrived: arrived, token: token,
	}, form.Get("ValidityPeriod"))
	if s.spoil(w, r, fault) {
		return
	}
	writeJSON(w, http.StatusCreated, m.resource())
}

// knownFields are the fields that an adapter may send. Twilio knows more.
var knownFields = []string{"To", "From", "MessagingServiceSid", "Body", "StatusCallback", "ValidityPeriod"}

// invalid returns the error of a form that Twilio would refuse. It records a
// problem for a form that a sender must never send.
func (s *Server) invalid(form url.Values) *twilioError {
	for field, values := range form {
		if !slices.Contains(knownFields, field) || len(values) != 1 {
			s.problem("field %s, %d times", field, len(values))
			return &twilioError{Code: 20001, Message: "Unexpected field"}
		}
	}
	from, service, callback := form.Get("From"), serviceSID(form), form.Get("StatusCallback")
	period, err := strconv.Atoi(form.Get("ValidityPeriod"))
	u, uriErr := url.Parse(callback)
	switch {
	case !form.Has("To"):
		s.problem("no To")
		return &twilioError{Code: 21604, Message: "A 'To' phone number is required."}
	case !e164.MatchString(form.Get("To")):
		return &twilioError{Code: 21211, Message: "Invalid 'To' Phone Number"}
	case (from == "") == (service == ""):
		s.problem("not one of From and MessagingServiceSid")
		return &twilioError{Code: 21603, Message: "A 'From' phone number is required."}
	case form.Get("Body") == "":
		s.problem("no Body")
		return &twilioError{Code: 21602, Message: "Message body is required."}
	case utf8.RuneCountInString(form.Get("Body")) > 1600:
		return &twilioError{Code: 21617, Message: "The message body exceeds the 1600 character limit."}
	case form.Has("ValidityPeriod") && (err != nil || period < 1 || period > 36000):
		s.problem("ValidityPeriod %q", form.Get("ValidityPeriod"))
		return &twilioError{Code: 21623, Message: "ValidityPeriod is out of range"}
	case callback != "" && (uriErr != nil || u.Host == "" || strings.Contains(u.Host, "_")):
		s.problem("StatusCallback %q", callback)
		return &twilioError{Code: 21609, Message: "The 'StatusCallback' URL is not a valid URL."}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if code := s.refused[form.Get("To")]; code != 0 {
		return &twilioError{Code: code, Message: "Refused for " + form.Get("To")}
	}
	return nil
}

// serviceSID returns the messaging service, or "" if its form is not that of a SID.
func serviceSID(form url.Values) string {
	if sid := form.Get("MessagingServiceSid"); service.MatchString(sid) {
		return sid
	}
	return ""
}

// accept stores a message.
func (s *Server) accept(m Message, period string) Message {
	if n, err := strconv.Atoi(period); err == nil {
		m.ValidityPeriod = n
	}
	m.Status = "queued"
	if m.MessagingServiceSID != "" {
		m.Status = "accepted"
	}
	s.mu.Lock()
	id := make([]byte, 16)
	for i := range id {
		id[i] = byte(s.rng.Uint32())
	}
	m.SID = "SM" + hex.EncodeToString(id)
	m.Created = time.Now()
	kept := m
	s.messages = append(s.messages, &kept)
	s.mu.Unlock()
	if s.cfg.Observer != nil {
		s.cfg.Observer(m)
	}
	s.startCallbacks(m)
	return m
}

// spoil replaces the response to a request that was carried out, as the fault
// demands. It reports whether it did.
func (s *Server) spoil(w http.ResponseWriter, r *http.Request, fault followuptest.Fault) bool {
	switch fault {
	case followuptest.TakeThenDrop:
		panic(http.ErrAbortHandler)
	case followuptest.TakeThenError:
		refuse(w, http.StatusInternalServerError, 20500, "Internal Server Error")
	case followuptest.TakeThenGarble:
		io.WriteString(w, "<html>not JSON</html>")
	case followuptest.Hang:
		select {
		case <-r.Context().Done():
		case <-s.ctx.Done():
		}
		panic(http.ErrAbortHandler)
	default:
		return false
	}
	return true
}

// resource returns the JSON of a message.
func (m Message) resource() map[string]any {
	date := func(t time.Time) string { return t.UTC().Format(time.RFC1123Z) }
	uri := "/2010-04-01/Accounts/" + m.AccountSID + "/Messages/" + m.SID
	show := map[string]any{
		"account_sid": m.AccountSID, "api_version": "2010-04-01", "body": m.Body,
		"date_created": date(m.Created), "date_sent": nil, "date_updated": date(m.Created),
		"direction": "outbound-api", "error_code": nil, "error_message": nil, "from": m.From,
		"messaging_service_sid": nil, "num_media": "0", "num_segments": "1", "price": nil, "price_unit": nil,
		"sid": m.SID, "status": m.Status, "to": m.To, "uri": uri + ".json",
		"subresource_uris": map[string]string{"media": uri + "/Media.json"},
	}
	if m.From == "" {
		show["from"], show["num_segments"] = nil, "0"
	}
	if m.MessagingServiceSID != "" {
		show["messaging_service_sid"] = m.MessagingServiceSID
	}
	if m.ErrorCode != 0 {
		show["error_code"] = m.ErrorCode
	}
	return show
}

// list returns a page of the matching messages, the latest first.
func (s *Server) list(w http.ResponseWriter, r *http.Request, fault followuptest.Fault, account string) {
	query := r.URL.Query()
	for field := range query {
		if !slices.Contains([]string{"To", "From", "PageSize", "Page", "PageToken"}, field) {
			s.problem("query %s", field)
		}
	}
	size, page := intOr(query.Get("PageSize"), 50), intOr(query.Get("Page"), 0)
	if size < 1 || size > 1000 || page > 0 && query.Get("PageToken") == "" {
		s.problem("page %d of %d", page, size)
		refuse(w, http.StatusBadRequest, 20006, "Page size or page out of range")
		return
	}
	if s.spoil(w, r, fault) {
		return
	}
	matching := s.matching(account, query)
	start := min(page*size, len(matching))
	end := min(start+size, len(matching))
	shown := make([]map[string]any, 0, size)
	for _, m := range matching[start:end] {
		shown = append(shown, m.resource())
	}
	address := func(page int) string {
		q := url.Values{"PageSize": {strconv.Itoa(size)}, "Page": {strconv.Itoa(page)}}
		for _, field := range []string{"To", "From"} {
			if query.Has(field) {
				q.Set(field, query.Get(field))
			}
		}
		if page > 0 {
			q.Set("PageToken", fmt.Sprintf("PA%032x", page))
		}
		return r.URL.Path + "?" + q.Encode()
	}
	list := map[string]any{
		"messages": shown, "page": page, "page_size": size, "start": start, "end": max(start, end-1),
		"uri": address(page), "first_page_uri": address(0), "next_page_uri": nil, "previous_page_uri": nil,
	}
	if end < len(matching) {
		list["next_page_uri"] = address(page + 1)
	}
	if page > 0 {
		list["previous_page_uri"] = address(page - 1)
	}
	writeJSON(w, http.StatusOK, list)
}

// intOr returns the number in text, or otherwise if text is not a number.
func intOr(text string, otherwise int) int {
	if n, err := strconv.Atoi(text); err == nil {
		return n
	}
	return otherwise
}

// matching returns the account's messages that are already listed.
func (s *Server) matching(account string, query url.Values) []Message {
	listed := time.Now().Add(-s.cfg.ListLag)
	matching := slices.DeleteFunc(s.Messages(), func(m Message) bool {
		return m.AccountSID != account || m.Created.After(listed) ||
			query.Has("To") && m.To != query.Get("To") || query.Has("From") && m.From != query.Get("From")
	})
	slices.Reverse(matching)
	return matching
}

func refuse(w http.ResponseWriter, status, code int, message string) {
	writeJSON(w, status, twilioError{code, message, fmt.Sprintf("https://www.twilio.com/docs/errors/%d", code), status})
}

func writeJSON(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	json.NewEncoder(w).Encode(v)
}
