package callwaiting

import (
	"bytes"
	"encoding"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"

	"github.com/callwaiting-ai/callwaiting/booking/schedule"
)

// Bounds of a clinic's document: its size in bytes, and how deep its values
// nest, which the reader's recursion follows.
const (
	maxDocument = 1 << 20
	maxNesting  = 20
)

// decodeDocument decodes strictly, where encoding/json is lenient, and gives
// each problem the path at which it stands: json.Unmarshal names
// neither an index nor an unknown member's place.
func decodeDocument(data []byte, into any) error {
	if len(data) > maxDocument {
		return &DocumentError{Problems: []Problem{{"", fmt.Sprintf("has more than %d MiB", maxDocument>>20)}}}
	}
	e := new(DocumentError)
	data = bytes.TrimPrefix(data, []byte("\ufeff"))
	d := json.NewDecoder(bytes.NewReader(data))
	d.UseNumber()
	root, err := parseValue(d, "", 0, e)
	if err == nil {
		if _, extra := d.Token(); !errors.Is(extra, io.EOF) {
			err = errors.New("the document goes on after its end")
		}
	}
	if err != nil {
		return &DocumentError{Problems: []Problem{{"", position(data, d.InputOffset(), err)}}}
	}
	bind("", root, reflect.ValueOf(into).Elem(), e)
	if len(e.Problems) > 0 {
		return e
	}
	return nil
}

// position describes a syntax error with its line, for the person who edits
// the file.
func position(data []byte, offset int64, err error) string {
	var syntax *json.SyntaxError
	if errors.As(err, &syntax) {
		offset = syntax.Offset
	}
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		err = errors.New("the document ends too early")
	}
	before := data[:min(int(offset), len(data))]
	line := 1 + bytes.Count(before, []byte("\n"))
	column := len(before) - bytes.LastIndexByte(before, '\n') - 1
	return fmt.Sprintf("is not JSON at line %d, column %d: %v", line, max(column, 1), err)
}

// value is a JSON value: nil, bool, json.Number, string, []value or object.
type (
	value  any
	member struct {
		name  string
		value value
	}
	object []member
)

// parseValue reads the next value; a member that is given twice is a problem.
func parseValue(d *json.Decoder, path string, depth int, e *DocumentError) (value, error) {
	if depth > maxNesting {
		return nil, fmt.Errorf("values nest deeper than %d levels", maxNesting)
	}
	token, err := d.Token()
	if err != nil {
		return nil, err
	}
	switch token {
	case json.Delim('['):
		items := []value{}
		for d.More() {
			item, err := parseValue(d, fmt.Sprintf("%s[%d]", path, len(items)), depth+1, e)
			if err != nil {
				return nil, err
			}
			items = append(items, item)
		}
		_, err := d.Token()
		return items, err
	case json.Delim('{'):
		members := object{}
		seen := make(map[string]bool)
		for d.More() {
			token, err := d.Token()
			if err != nil {
				return nil, err
			}
			name := token.(string) // the decoder refuses other names
			at := join(path, name)
			if seen[name] {
				e.add(at, "is given twice: remove one")
			}
			seen[name] = true
			v, err := parseValue(d, at, depth+1, e)
			if err != nil {
				return nil, err
			}
			members = append(members, member{name, v})
		}
		_, err := d.Token()
		return members, err
	}
	return token, nil
}

// maxName bounds a member's name in a report, in bytes.
const maxName = 64

// join returns the path of a member. The name may be any text: in a report it
// must stay on its line and be short.
func join(path, name string) string {
	if len(name) > maxName {
		name = strings.ToValidUTF8(name[:maxName], "") + "…"
	}
	if name == "" || strings.ContainsFunc(name, func(r rune) bool { return !unicode.IsPrint(r) }) {
		name = strconv.Quote(name)
	}
	if path == "" {
		return name
	}
	return path + "." + name
}

// bind stores v in into and adds every problem to e.
func bind(path string, v value, into reflect.Value, e *DocumentError) {
	switch target := into.Addr().Interface().(type) {
	case *schedule.Week:
		bindWeek(path, v, target, e)
		return
	case *Need:
		if id, ok := v.(string); ok {
			v = []value{id}
		}
	case encoding.TextUnmarshaler:
		text, ok := v.(string)
		if !ok {
			e.add(path, wrongType(v, "text"))
		} else if err := target.UnmarshalText([]byte(text)); err != nil {
			e.add(path, plainError(err))
		}
		return
	}
	switch into.Kind() {
	case reflect.Pointer:
		into.Set(reflect.New(into.Type().Elem()))
		bind(path, v, into.Elem(), e)
	case reflect.Struct:
		bindStruct(path, v, into, e)
	case reflect.Slice:
		bindSlice(path, v, into, e)
	case reflect.Map:
		bindMap(path, v, into, e)
	case reflect.String:
		if text, ok := v.(string); ok {
			into.SetString(text)
			return
		}
		e.add(path, wrongType(v, "text"))
	case reflect.Bool:
		if b, ok := v.(bool); ok {
			into.SetBool(b)
			return
		}
		e.add(path, wrongType(v, "true or false"))
	case reflect.Int:
		if n, ok := v.(json.Number); ok {
			if i, err := strconv.Atoi(n.String()); err == nil {
				if i == 0 { // in the services' configurations it is the default
					e.add(path, "is 0: use a positive number, or leave it out for its default")
				}
				into.SetInt(int64(i))
				return
			}
		}
		e.add(path, wrongType(v, "a whole number"))
	case reflect.Float64:
		if n, ok := v.(json.Number); ok {
			if f, err := n.Float64(); err == nil {
				into.SetFloat(f)
				return
			}
		}
		e.add(path, wrongType(v, "a number"))
	default:
		panic("callwaiting: a document cannot have a " + into.Type().String())
	}
}

func bindStruct(path string, v value, into reflect.Value, e *DocumentError) {
	members, ok := v.(object)
	if !ok {
		e.add(path, wrongType(v, "an object, {…}"))
		return
	}
	fields := make(map[string]reflect.Value)
	var names []string
	for i := range into.NumField() {
		name, _, _ := strings.Cut(into.Type().Field(i).Tag.Get("json"), ",")
		fields[name] = into.Field(i)
		names = append(names, name)
	}
	for _, m := range members {
		if e.full() {
			return
		}
		if field, known := fields[m.name]; known {
			bind(join(path, m.name), m.value, field, e)
			continue
		}
		e.add(join(path, m.name), unknown("member", m.name, names))
	}
}

func bindSlice(path string, v value, into reflect.Value, e *DocumentError) {
	items, ok := v.([]value)
	if !ok {
		e.add(path, wrongType(v, "a list, […]"))
		return
	}
	into.Set(reflect.MakeSlice(into.Type(), len(items), len(items)))
	for i, item := range items {
		if e.full() {
			return
		}
		bind(fmt.Sprintf("%s[%d]", path, i), item, into.Index(i), e)
	}
}

func bindMap(path string, v value, into reflect.Value, e *DocumentError) {
	members, ok := v.(object)
	if !ok {
		e.add(path, wrongType(v, "an object, {…}"))
		return
	}
	into.Set(reflect.MakeMap(into.Type()))
	for _, m := range members {
		key := reflect.New(into.Type().Key()).Elem()
		bind(join(path, m.name), m.name, key, e)
		element := reflect.New(into.Type().Elem()).Elem()
		bind(join(path, m.name), m.value, element, e)
		into.SetMapIndex(key, element)
	}
}

// bindWeek stores the opening hours of each day. A day that is misspelt is a
// problem: it would otherwise be a closed day.
func bindWeek(path string, v value, week *schedule.Week, e *DocumentError) {
	members, ok := v.(object)
	if !ok {
		e.add(path, wrongType(v, "an object, {\"monday\": [\"09:00-17:00\"], …}"))
		return
	}
	var names []string
	for day := range week {
		names = append(names, strings.ToLower(time.Weekday(day).String()))
	}
	for _, m := range members {
		day := slices.Index(names, m.name)
		if day < 0 {
			e.add(join(path, m.name), unknown("day", m.name, names))
			continue
		}
		bind(join(path, m.name), m.value, reflect.ValueOf(&week[day]).Elem(), e)
	}
}

// wrongType describes v by its type alone: its content may be a secret.
func wrongType(v value, want string) string {
	is := "null"
	switch v.(type) {
	case bool:
		is = "true or false"
	case json.Number:
		is = "another number"
		if !strings.Contains(want, "number") {
			is = "a number"
		}
	case string:
		is = "text"
	case []value:
		is = "a list"
	case object:
		is = "an object"
	}
	if v == nil {
		return "is null: write " + want + ", or leave it out"
	}
	return "is " + is + ": write " + want
}

// plainError returns an error of a text's own parser without the package that
// the reader of a document does not know.
func plainError(err error) string {
	text := err.Error()
	for _, prefix := range []string{"schedule: ", "tenant: "} {
		if rest, ok := strings.CutPrefix(text, prefix); ok {
			return "is " + rest
		}
	}
	return text
}

// unknown names the nearest of the known names, or all of them.
func unknown(kind, name string, known []string) string {
	nearest, least := "", 3
	for _, k := range known {
		if len(name) > len(k)+2 {
			continue
		}
		// Two of three letters that differ are another word: no id for "zip".
		if d := editDistance(strings.ToLower(name), k); d < least && 2*d <= len(k) {
			nearest, least = k, d
		}
	}
	if nearest != "" {
		return fmt.Sprintf("is no %s: did you mean %q?", kind, nearest)
	}
	known = slices.DeleteFunc(slices.Clone(known), func(k string) bool { return strings.HasPrefix(k, "$") })
	slices.Sort(known)
	return fmt.Sprintf("is no %s: use %s", kind, strings.Join(known, ", "))
}

// editDistance is the number of letters to insert, delete or replace
// (Levenshtein) to turn a into b.
func editDistance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := 1
			if a[i] == b[j] {
				cost = 0
			}
			diagonal, row[j+1] = row[j+1], min(diagonal+cost, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}
