package callwaiting_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/callwaiting-ai/callwaiting"
)

// document returns the document of the demo clinic harley, changed.
func document(t *testing.T, change func(map[string]any)) []byte {
	t.Helper()
	text, err := os.ReadFile("examples/internal/demo/clinics/harley.json")
	require.NoError(t, err)
	if change == nil {
		return text
	}
	var doc map[string]any
	require.NoError(t, json.Unmarshal(text, &doc))
	change(doc)
	text, err = json.Marshal(doc)
	require.NoError(t, err)
	return text
}

// at returns the value at a path of object members and list indexes.
func at(doc any, path ...any) any {
	for _, step := range path {
		switch step := step.(type) {
		case string:
			doc = doc.(map[string]any)[step]
		case int:
			doc = doc.([]any)[step]
		}
	}
	return doc
}

// set returns a change that sets the member of an object.
func set(value any, path ...any) func(map[string]any) {
	return func(doc map[string]any) {
		last := len(path) - 1
		switch step := path[last].(type) {
		case string:
			at(doc, path[:last]...).(map[string]any)[step] = value
		case int:
			at(doc, path[:last]...).([]any)[step] = value
		}
	}
}

// remove returns a change that removes a member of the document.
func remove(name string) func(map[string]any) {
	return func(doc map[string]any) { delete(doc, name) }
}

func TestParseClinic(t *testing.T) {
	t.Parallel()
	c, err := callwaiting.ParseClinic(document(t, nil))
	require.NoError(t, err)
	require.Equal(t, "harley", c.Key)
	require.Equal(t, callwaiting.Need{"dr-patel"}, c.Services[1].Needs[0], "one id is a need as well")

	t.Run("every mistake is reported with its path and the fix", func(t *testing.T) {
		for want, change := range map[string]func(map[string]any){
			`key: is missing: use 1 to 64 of a-z`:                                           remove("key"),
			`key: is not a key: use 1 to 64 of a-z`:                                         set("Harley Street", "key"),
			`id: is not a canonical UUID`:                                                   set("42", "id"),
			`name: is missing: give the name`:                                               remove("name"),
			`name: is a number: write text`:                                                 set(7, "name"),
			`zone: is "Europe/Londn", which is no IANA time zone: use`:                      set("Europe/Londn", "zone"),
			`country: is "gb": use the two upper-case letters`:                              set("gb", "country"),
			`country: is "12": use the two upper-case letters`:                              set("12", "country"),
			`zip: is no member: use carrier, country, grid`:                                 set("1", "zip"),
			`KEY: is no member: did you mean "key"?`:                                        set("1", "KEY"),
			`"a\nb": is no member: use`:                                                     set("1", "a\nb"),
			`locale: is missing: give a BCP 47 tag`:                                         remove("locale"),
			`hours: has no opening hours: give hours.week`:                                  set(map[string]any{}, "hours"),
			`hours.week.wensday: is no day: did you mean "wednesday"?`:                      set([]any{}, "hours", "week", "wensday"),
			`hours.week.monday[0]: is not opening hours: want HH:MM-HH:MM`:                  set("9-17", "hours", "week", "monday", 0),
			`hours.week.monday: window 2 (10:00-11:00) starts before`:                       set([]any{"09:00-12:00", "10:00-11:00"}, "hours", "week", "monday"),
			`hours.dates.2026-02-30: is not a date: want a day that exists`:                 set(map[string]any{"2026-02-30": []any{}}, "hours", "dates"),
			`hours.dates: is null: write an object, {…}, or leave it out`:                   set(nil, "hours", "dates"),
			`grid: is not a duration: write it like "30m"`:                                  set("15", "grid"),
			`grid: is 30s: use whole minutes`:                                               set("30s", "grid"),
			`window: is 24000h0m0s: use more than the minimum notice and at most two years`: set("1000d", "window"),
			`resources: is empty: name the practitioners`:                                   remove("resources"),
			`resources[1].id: "dr-patel" is the id of an earlier resource too`:              set("dr-patel", "resources", 1, "id"),
			`resources[0].capacity: is 1000: use 1 to 100`:                                  set(1000, "resources", 0, "capacity"),
			`resources[0].capacity: is another number: write a whole number`:                set(1.5, "resources", 0, "capacity"),
			`resources[0].off[0]: ends before it begins: put To after From`:                 set([]any{map[string]any{"from": "2026-12-27", "to": "2026-12-24 12:00"}}, "resources", 0, "off"),
			`resources[0].off[0].from: is not a local time: write it as "2026-12-24 12:`:    set([]any{map[string]any{"from": "Christmas", "to": "2026-12-27"}}, "resources", 0, "off"),
			`services[2].needs[0]: no resource "dr-patle": use one of dr-jones, dr-patel`:   set("dr-patle", "services", 2, "needs", 0),
			`services[2].needs[1]: is empty: name the resources`:                            set([]any{}, "services", 2, "needs", 1),
			`services[0].durration: is no member: did you mean "duration"?`:                 set("1h", "services", 0, "durration"),
			`services[0].colour: is no member: use after, aliases, before`:                  set("red", "services", 0, "colour"),
			`services[0].duration: is 0s: use whole minutes, at most 24 hours`:              set("0m", "services", 0, "duration"),
			`services[0].aliases: is text: write a list, […]`:                               set("check-up", "services", 0, "aliases"),
			`services[1].document: is not a plain name: name a file, without a folder`:      set("../botox.pdf", "services", 1, "document"),
			`texts.label: holds a name of services[1], which is a medical fact`:             set("The Botox Bar", "texts", "label"),
			`texts.kinds: has an unknown kind: use`:                                         set([]any{"advert"}, "texts", "kinds"),
			`texts.templates.offer: `:                                                       set(map[string]any{"offer": "Buy!"}, "texts", "templates"),
			`texts.open: is not a time of day: write it as HH:MM`:                           set("9", "texts", "open"),
			`texts.close: is not after texts.open`:                                          set(map[string]any{"open": "20:00", "close": "09:00"}, "texts"),
			`texts.per_day: is 0: use a positive number, or leave it out`:                   set(0, "texts", "per_day"),
			`resources[0].capacity: is 0: use a positive number, or leave it out`:           set(0, "resources", 0, "capacity"),
			`texts.open: is 00:00: write "00:01"`:                                           set("00:00", "texts", "open"),
			`texts.close: is 00:00: write "00:01"`:                                          set("00:00", "texts", "close"),
			`texts.per_day: is -1: use a positive number`:                                   set(-1, "texts", "per_day"),
			`secrets.current: is missing: refer to the secret`:                              set(map[string]any{}, "secrets"),
			`secrets.curent: is no member: did you mean "current"?`:                         set(map[string]any{"curent": "env:A"}, "secrets"),
			`secrets.current: is a number: write text`:                                      set(123456, "secrets", "current"),
			`vapi.phone_number_ids[1]: is empty or given twice`:                             set(map[string]any{"phone_number_ids": []any{"a", "a"}}, "vapi"),
			`carrier.from: and carrier.messaging_service: give one of them`:                 set(map[string]any{"account": "AC1", "token": "env:T"}, "carrier"),
			`carrier.token: is missing: refer to the account's token`:                       set(map[string]any{"account": "AC1", "from": "+12025550100"}, "carrier"),
			`callwaiting: invalid clinic document: hourz: is no member: did you mean "ho`:   set(map[string]any{}, "hourz"),
		} {
			t.Run(want, func(t *testing.T) {
				_, err := callwaiting.ParseClinic(document(t, change))
				require.ErrorContains(t, err, want)
				var invalid *callwaiting.DocumentError
				require.ErrorAs(t, err, &invalid)
				require.NotContains(t, err.Error(), "123456", "a secret is never repeated")
			})
		}
	})
	t.Run("several mistakes are reported together", func(t *testing.T) {
		_, err := callwaiting.ParseClinic([]byte(`{"key": "a", "naem": "b", "zone": 1, "key": "c"}`))
		var invalid *callwaiting.DocumentError
		require.ErrorAs(t, err, &invalid)
		var paths []string
		for _, p := range invalid.Problems {
			paths = append(paths, p.Path)
		}
		require.Equal(t, []string{"key", "naem", "zone"}, paths)
		require.Contains(t, invalid.Problems[0].Text, "is given twice: remove one")
	})
	t.Run("the report of a hopeless file is bounded", func(t *testing.T) {
		_, err := callwaiting.ParseClinic([]byte(`{"services": [` + strings.Repeat("1,", 1000) + `1]}`))
		var invalid *callwaiting.DocumentError
		require.ErrorAs(t, err, &invalid)
		require.Len(t, invalid.Problems, 101)
	})
	// Each takes milliseconds; reading them took minutes before the report and
	// the search for a similar name were bounded.
	t.Run("the report of a hostile file is short", func(t *testing.T) {
		var members strings.Builder
		for i := range 50_000 {
			fmt.Fprintf(&members, `"member %d":1,`, i)
		}
		long := strings.Repeat("k", 1<<19)
		for _, text := range []string{
			"{" + members.String() + `"key":"a"}`,
			`{"` + long + `":[` + strings.Repeat("1,", 100_000) + `1]}`,
		} {
			_, err := callwaiting.ParseClinic([]byte(text))
			require.Error(t, err)
			require.Less(t, len(err.Error()), 100_000)
		}
	})
	t.Run("a value of any type in any place is a problem and no panic", func(t *testing.T) {
		var walk func(path []any, v any)
		walk = func(path []any, v any) {
			switch v := v.(type) {
			case map[string]any:
				for name, member := range v {
					walk(append(slices.Clone(path), name), member)
				}
				walk(append(slices.Clone(path), ""), nil)
				walk(append(slices.Clone(path), "\u2028\x1b[31m"), nil)
			case []any:
				for i, item := range v {
					walk(append(slices.Clone(path), i), item)
				}
			}
			if len(path) == 0 {
				return
			}
			for _, odd := range []any{
				nil, true, "", "é", "-1", "../x", -1, 1e308, json.Number("1e99999"), json.Number("99999999999999999999"),
				[]any{}, []any{nil}, []any{[]any{[]any{}}}, map[string]any{}, map[string]any{"": nil}, map[string]any{"a": map[string]any{}},
			} {
				_, err := callwaiting.ParseClinic(document(t, set(odd, path...)))
				var invalid *callwaiting.DocumentError
				require.True(t, err == nil || errors.As(err, &invalid), "%v: %v", path, err)
				if err != nil {
					require.NotContains(t, err.Error(), "\x1b")
				}
			}
		}
		var doc map[string]any
		require.NoError(t, json.Unmarshal(document(t, nil), &doc))
		walk(nil, doc)
		for _, text := range []string{"", "null", "[]", "1", `"a"`, "{", "{}", "{}{}", "\xff", "\ufeff", `{"a"`, `{"a":}`, strings.Repeat("[", 100)} {
			_, err := callwaiting.ParseClinic([]byte(text))
			require.Error(t, err, text)
		}
	})
	t.Run("the documentation's example is a document", func(t *testing.T) {
		text, err := os.ReadFile("docs/clinics.md")
		require.NoError(t, err)
		_, after, ok := strings.Cut(string(text), "```json\n")
		require.True(t, ok)
		example, _, _ := strings.Cut(after, "```")
		_, err = callwaiting.ParseClinic([]byte(example))
		require.NoError(t, err)
	})
	t.Run("a syntax error is reported with its line", func(t *testing.T) {
		for text, want := range map[string]string{
			"{\n  \"key\": \"a\",\n}":        "is not JSON at line 3",
			"{\n  \"key\": \"a\"\n":          "is not JSON at line 2, column 12: the document ends too early",
			"":                               "the document ends too early",
			"{} {}":                          "the document goes on after its end",
			strings.Repeat("[", 1<<20):       "is not JSON at line 1, column 21: values nest deeper than 20 levels",
			"[]":                             "is a list: write an object, {…}",
			strings.Repeat(" ", 1<<20) + " ": "has more than 1 MiB",
		} {
			_, err := callwaiting.ParseClinic([]byte(text))
			require.ErrorContains(t, err, want, "%.20q", text)
		}
	})
}

func FuzzParseClinic(f *testing.F) {
	text, err := os.ReadFile("examples/internal/demo/clinics/ikeja.json")
	require.NoError(f, err)
	f.Add(text)
	f.Add([]byte(`{"hours":{"week":{"monday":["24:00-24:00"]}},"services":[{"needs":[[]]}]}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		c, err := callwaiting.ParseClinic(text)
		if err != nil {
			return
		}
		again, err := json.Marshal(c)
		require.NoError(t, err)
		same, err := callwaiting.ParseClinic(again)
		require.NoError(t, err, string(again))
		require.Equal(t, c, same)
	})
}

// The schema and the Go types describe one document.
func TestClinicSchema(t *testing.T) {
	t.Parallel()
	var schema map[string]any
	require.NoError(t, json.Unmarshal(callwaiting.ClinicSchema(), &schema))
	compareSchema(t, "", schema, schema, reflect.TypeFor[callwaiting.Clinic]())
}

// compareSchema compares the members of every object of the schema with the
// fields of the Go type, and whether a member is required with omitempty.
func compareSchema(t *testing.T, path string, root, schema map[string]any, typ reflect.Type) {
	t.Helper()
	if ref, ok := schema["$ref"].(string); ok {
		schema = at(root, "$defs", strings.TrimPrefix(ref, "#/$defs/")).(map[string]any)
	}
	if typ.Kind() == reflect.Pointer {
		typ = typ.Elem()
	}
	switch {
	case schema["items"] != nil && typ.Kind() == reflect.Slice:
		compareSchema(t, path+"[]", root, schema["items"].(map[string]any), typ.Elem())
	case schema["properties"] != nil && typ.Kind() == reflect.Struct:
		properties := schema["properties"].(map[string]any)
		require.Equal(t, false, schema["additionalProperties"], path)
		require.Equal(t, typ.NumField(), len(properties), path)
		for i := range typ.NumField() {
			name, options, _ := strings.Cut(typ.Field(i).Tag.Get("json"), ",")
			member, ok := properties[name].(map[string]any)
			require.True(t, ok, "%s.%s is in the Go type alone", path, name)
			required, _ := schema["required"].([]any)
			if name != "week" { // absent where dates alone are given
				require.Equal(t, options == "", slices.Contains(required, any(name)), "%s.%s", path, name)
			}
			compareSchema(t, path+"."+name, root, member, typ.Field(i).Type)
		}
	}
}
