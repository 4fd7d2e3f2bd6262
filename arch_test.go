package callwaiting_test

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

const module = "github.com/callwaiting-ai/callwaiting"

// core lists the other core packages that a core package and the packages
// below it may import, besides the standard library and its own packages.
var core = map[string][]string{
	"tenant":   {},
	"calendar": {"tenant"},
	"booking":  {"tenant", "calendar"},
	"redact":   {},
	"followup": {"tenant", "redact"},
	"vapi":     {"tenant", "booking", "followup", "redact"},
}

// suites names the core packages that a conformance suite may import besides those
// of its package: a follow-up store shares its data with a booking.Store.
var suites = map[string][]string{"followup/followuptest": {"booking"}}

// source holds the facts about one Go file that the rules read.
type source struct {
	file    string // relative to the module, with slashes
	name    string // of its package
	imports []string
	init    bool // it declares func init
	env     bool // it reads the environment
}

func (s source) dir() string  { return path.Dir(s.file) }
func (s source) test() bool   { return strings.HasSuffix(s.file, "_test.go") }
func (s source) root() string { root, _, _ := strings.Cut(s.dir(), "/"); return root }

func (s source) in(dir string) bool { return below(s.dir(), dir) }

// below reports whether a package is dir or in a folder of it.
func below(pkg, dir string) bool { return pkg == dir || strings.HasPrefix(pkg, dir+"/") }

func TestArchitecture(t *testing.T) {
	sources := read(t, os.DirFS("."))
	mod, err := os.ReadFile("go.mod")
	require.NoError(t, err)

	require.Greater(t, len(sources), 20, "the module is read from its root")
	require.Empty(t, violations(sources, string(mod)))
}

// Each rule of the test above has a file that breaks it.
func TestArchitecture_Violations(t *testing.T) {
	const (
		pgx     = "github.com/jackc/pgx/v5"
		testify = "github.com/stretchr/testify/require"
		own     = module + "/"

		websocket = "github.com/coder/websocket"
	)
	for _, c := range []struct {
		why string
		source
	}{
		{"core imports a third party", source{file: "booking/store.go", imports: []string{pgx}}},
		{"core imports testify outside a test", source{file: "booking/bookingtest/race.go", imports: []string{testify}}},
		{"a core test imports a third party", source{file: "booking/store_test.go", imports: []string{pgx}}},
		{"core against the direction", source{file: "tenant/tenant.go", imports: []string{own + "booking"}}},
		{"below core against the direction", source{file: "redact/internal/lexicon/lexicon.go", imports: []string{own + "tenant"}}},
		{"a suite imports an adapter", source{file: "tenant/tenanttest/silo.go", imports: []string{own + "adapters/memory"}}},
		{"the silo suite imports a port that it checks", source{file: "tenant/tenanttest/silo.go", imports: []string{own + "booking"}}},
		{"a suite against the direction", source{file: "booking/bookingtest/race.go", imports: []string{own + "followup"}}},
		{"core imports an adapter", source{file: "vapi/vapi.go", imports: []string{own + "adapters/memory"}}},
		{"core imports the root", source{file: "vapi/vapi.go", imports: []string{module}}},
		{"vapi imports a package below it", source{file: "vapi/handler.go", imports: []string{own + "vapi/tools"}}},
		{"a package of vapi imports another", source{file: "vapi/assistant/assistant.go", imports: []string{own + "vapi/tools"}}},
		{"below vapi/internal imports vapi", source{file: "vapi/internal/auth/auth.go", imports: []string{own + "vapi"}}},
		{"vapi imports the fixture of its tests", source{file: "vapi/handler.go", imports: []string{own + "vapi/internal/handlertest"}}},
		{"a websocket outside the sockets of vapi", source{file: "vapi/tools/tools.go", imports: []string{websocket}}},
		{"an adapter imports an adapter", source{file: "adapters/pgxstore/store.go", imports: []string{own + "adapters/memory"}}},
		{"an internal adapter imports an adapter", source{file: "adapters/internal/sqltext/sql.go", imports: []string{own + "adapters/memory"}}},
		{"an adapter imports vapi", source{file: "adapters/memory/memory.go", imports: []string{own + "vapi"}}},
		{"an adapter imports the migrations", source{file: "adapters/pgxstore/store.go", imports: []string{own + "migrations"}}},
		{"an adapter imports the test server", source{file: "adapters/pgxstore/store.go", imports: []string{own + "adapters/internal/pgtest"}}},
		{"an example is imported", source{file: "adapters/memory/memory_test.go", imports: []string{own + "examples/clinic"}}},
		{"the migrations import an adapter", source{file: "migrations/migrations.go", imports: []string{own + "adapters/pgxstore"}}},
		{"the root imports an adapter", source{file: "callwaiting.go", imports: []string{own + "adapters/memory"}}},
		{"the migrations import the root", source{file: "migrations/migrations.go", imports: []string{module}}},
		{"the root package of twilio-go", source{file: "adapters/twiliosms/sms.go", imports: []string{"github.com/twilio/twilio-go"}}},
		{"an unknown directory", source{file: "service/service.go"}},
		{"a package without a subject", source{file: "vapi/util/util.go", name: "util"}},
		{"a package without a subject in its clause alone", source{file: "vapi/text/text.go", name: "helpers"}},
		{"importing starts work", source{file: "redact/engine.go", init: true}},
		{"a library reads the environment", source{file: "adapters/pgxstore/store.go", env: true}},
	} {
		require.Len(t, violations([]source{c.source}, "go 1.25.0\n"), 1, c.why)
	}
	for _, mod := range []string{
		"go 1.25.0\n\ntool honnef.co/go/tools/cmd/staticcheck\n",
		"go 1.25.0\n\ntool (\n\thonnef.co/go/tools/cmd/staticcheck\n)\n",
		"go 1.25.0\n\ntoolchain go1.26.8\n",
	} {
		require.Len(t, violations(nil, mod), 1, mod)
	}
}

func TestArchitecture_Allowed(t *testing.T) {
	const own = module + "/"
	for _, s := range []source{
		{file: "booking/service.go", imports: []string{"context", own + "tenant", own + "booking/schedule"}},
		{file: "booking/bookingtest/silo.go", imports: []string{"testing", own + "tenant/tenanttest", own + "tenant/tenanttest/suite"}},
		{file: "followup/followuptest/fixture.go", imports: []string{"testing", own + "booking", own + "booking/schedule", own + "tenant/tenanttest/suite"}},
		{file: "booking/service_test.go", imports: []string{own + "adapters/memory", "github.com/stretchr/testify/require"}},
		{file: "vapi/vapi.go", imports: []string{own + "booking", own + "tenant", own + "redact"}},
		{file: "vapi/handler.go", imports: []string{own + "followup", own + "vapi/internal/auth"}},
		{file: "vapi/tools/tools.go", imports: []string{own + "booking", own + "vapi", own + "vapi/internal/jsonscan"}},
		{file: "vapi/tools/tools_test.go", imports: []string{own + "vapi/internal/handlertest", own + "vapi/assistant"}},
		{file: "vapi/internal/handlertest/handlertest.go", imports: []string{own + "vapi", own + "booking"}},
		{file: "vapi/voice/voice.go", imports: []string{"github.com/coder/websocket"}},
		{file: "redact/redact.go", imports: []string{own + "redact/internal/lexicon"}},
		{file: "adapters/pgxstore/store.go", imports: []string{own + "booking", "github.com/jackc/pgx/v5", own + "adapters/internal/sqltext"}},
		{file: "adapters/pgxstore/store_test.go", imports: []string{own + "adapters/internal/pgtest", own + "adapters/memory"}},
		{file: "adapters/internal/pgtest/pgtest.go", imports: []string{own + "migrations"}, env: true},
		{file: "adapters/twiliosms/sms.go", imports: []string{"github.com/twilio/twilio-go/client", "github.com/twilio/twilio-go/rest/api/v2010"}},
		{file: "migrations/migrations.go", imports: []string{"github.com/pressly/goose/v3"}},
		{file: "callwaiting.go", imports: []string{own + "vapi", own + "booking", own + "tenant/phone"}},
		{file: "adapters/twiliosms/clinics.go", imports: []string{module}},
		{file: "examples/clinic/main.go", name: "main", imports: []string{own + "vapi", own + "adapters/memory", own + "migrations"}, env: true},
	} {
		require.Empty(t, violations([]source{s}, "go 1.25.0\n"), s.file)
	}
}

// violations returns the files that break the layout, the direction of imports
// or the promise that importing a package starts no work.
func violations(sources []source, mod string) (found []string) {
	for _, s := range sources {
		for _, imported := range s.imports {
			if why := forbidden(s, imported); why != "" {
				found = append(found, fmt.Sprintf("%s imports %s: %s", s.file, imported, why))
			}
		}
		if why := misplaced(s); why != "" {
			found = append(found, s.file+": "+why)
		}
		library := !s.test() && s.root() != "examples"
		if library && s.init {
			found = append(found, s.file+": func init: importing must start no work")
		}
		if library && s.env && !s.in("adapters/internal/pgtest") {
			found = append(found, s.file+": reads the environment: take a Config instead")
		}
	}
	if line := regexp.MustCompile(`(?m)^(tool|toolchain)\b.*$`).FindString(mod); line != "" {
		found = append(found, "go.mod: "+line+": it would raise the users' Go version; tools belong in tools.mod")
	}
	return found
}

// misplaced returns why a file must not be where it is; empty if it may.
func misplaced(s source) string {
	_, isCore := core[s.root()]
	if !isCore && !slices.Contains([]string{".", "adapters", "migrations", "examples"}, s.root()) {
		return "the layout has no directory " + s.root()
	}
	for _, name := range []string{path.Base(s.dir()), strings.TrimSuffix(s.name, "_test")} {
		if slices.Contains([]string{"util", "utils", "common", "helper", "helpers", "misc"}, name) {
			return "a package is named after its subject, not " + name
		}
	}
	return ""
}

// forbidden returns why a file must not import a package; empty if it may.
func forbidden(s source, imported string) string {
	if imported == module {
		return forbiddenRoot(s)
	}
	pkg, inside := strings.CutPrefix(imported, module+"/")
	if !inside {
		return forbiddenOutside(s, imported)
	}
	root, _, _ := strings.Cut(pkg, "/")
	allowed, isCore := core[s.root()]
	switch {
	case root == "examples" && s.root() != "examples":
		return "nothing depends on an example"
	case s.test() || s.root() == "examples":
		return ""
	case slices.Contains(suites[s.dir()], root):
		return ""
	case isCore && root != s.root() && !slices.Contains(allowed, root):
		return "against the direction of the core"
	case isCore && root == "vapi":
		return forbiddenInVapi(s, pkg)
	case isCore:
		return ""
	case s.root() == "adapters":
		return forbiddenInAdapter(s, pkg)
	case s.root() == "migrations":
		return "the migrations stand alone"
	case core[root] == nil:
		return "the root package imports the core alone: adapters are passed in"
	}
	return ""
}

// forbiddenRoot returns why a file must not import the root package, which
// assembles the core.
func forbiddenRoot(s source) string {
	_, isCore := core[s.root()]
	switch {
	case isCore && !s.test():
		return "against the direction of the core"
	case s.root() == "migrations":
		return "the migrations stand alone"
	}
	return ""
}

// forbiddenInVapi returns why a package of vapi must not import another one. The
// imports run from a package, such as vapi/tools, to vapi, and from both to
// vapi/internal.
func forbiddenInVapi(s source, pkg string) string {
	dir := strings.Join(strings.SplitN(s.dir()+"//", "/", 3)[:2], "/") // vapi/tools; vapi/ for vapi itself
	switch {
	case below(pkg, "vapi/internal/handlertest"):
		return "it is for tests"
	case below(pkg, "vapi/internal") || s.in("vapi/internal/handlertest") && pkg == "vapi":
		return ""
	case s.in("vapi/internal"):
		return "vapi/internal serves all packages of vapi and imports only itself"
	case dir == "vapi/":
		return "vapi imports no package below it"
	case pkg != "vapi" && !below(pkg, dir):
		return "the packages of vapi do not import each other"
	}
	return ""
}

// forbiddenInAdapter returns why an adapter must not import a package of this
// module.
func forbiddenInAdapter(s source, pkg string) string {
	dir := strings.Join(strings.SplitN(s.dir()+"//", "/", 3)[:2], "/") // adapters/pgxstore
	switch {
	case below(pkg, "vapi"):
		return "an adapter does not know the protocol"
	case below(pkg, "migrations") && !s.in("adapters/internal"):
		return "a store does not change its schema"
	case below(pkg, "adapters/internal/pgtest") && !s.in("adapters/internal/pgtest"):
		return "it is for tests"
	case below(pkg, "adapters") && !below(pkg, "adapters/internal") && !below(pkg, dir):
		return "adapters do not know each other"
	}
	return ""
}

// forbiddenOutside returns why a file must not import a package of another
// module or of the standard library.
func forbiddenOutside(s source, imported string) string {
	domain, _, _ := strings.Cut(imported, "/")
	_, isCore := core[s.root()]
	switch {
	case !strings.Contains(domain, "."): // the standard library
		return ""
	case below(imported, "github.com/twilio/twilio-go") &&
		imported != "github.com/twilio/twilio-go/client" && !below(imported, "github.com/twilio/twilio-go/rest/api/v2010"):
		return "of twilio-go, client and rest/api/v2010 alone: the rest costs five times the compile time"
	case s.test() && below(imported, "github.com/stretchr/testify"):
		return ""
	case imported == "github.com/coder/websocket" && (s.in("vapi/transcriber") || s.in("vapi/voice")):
		return ""
	case isCore || s.root() == ".":
		return "a third party outside adapters, migrations and examples"
	}
	return ""
}

// read returns the Go files of a module.
func read(t *testing.T, module fs.FS) (sources []source) {
	t.Helper()
	err := fs.WalkDir(module, ".", func(file string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && file != "." && (strings.HasPrefix(d.Name(), ".") || strings.HasPrefix(d.Name(), "_") || d.Name() == "testdata") {
			return fs.SkipDir
		}
		if d.IsDir() || filepath.Ext(file) != ".go" {
			return nil
		}
		text, err := fs.ReadFile(module, file)
		if err != nil {
			return err
		}
		s, err := parse(file, text)
		sources = append(sources, s)
		return err
	})
	require.NoError(t, err)
	return sources
}

func parse(file string, text []byte) (source, error) {
	f, err := parser.ParseFile(token.NewFileSet(), file, text, parser.SkipObjectResolution)
	if err != nil {
		return source{}, err
	}
	s := source{file: file, name: f.Name.Name}
	for _, spec := range f.Imports {
		imported, err := strconv.Unquote(spec.Path.Value)
		if err != nil {
			return source{}, err
		}
		s.imports = append(s.imports, imported)
	}
	ast.Inspect(f, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.FuncDecl:
			s.init = s.init || n.Recv == nil && n.Name.Name == "init"
		case *ast.SelectorExpr:
			pkg, ok := n.X.(*ast.Ident)
			s.env = s.env || ok && pkg.Name == "os" && slices.Contains([]string{"Getenv", "LookupEnv", "Environ", "ExpandEnv"}, n.Sel.Name)
		}
		return true
	})
	return s, nil
}

func TestParse_InitAndEnvironment(t *testing.T) {
	s, err := parse("x.go", []byte("package x\nimport \"os\"\nfunc init() { os.Getenv(\"A\") }\n"))
	require.NoError(t, err)
	require.True(t, s.init)
	require.True(t, s.env)
	require.Equal(t, []string{"os"}, s.imports)

	s, err = parse("x.go", []byte("package x\ntype t struct{}\nfunc (t) init() {}\n"))
	require.NoError(t, err)
	require.False(t, s.init)
	require.False(t, s.env)
}
