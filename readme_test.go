package callwaiting_test

import (
	"bytes"
	"context"
	"fmt"
	"go/ast"
	"go/format"
	"go/parser"
	"go/token"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// A block is a fenced block of a document.
type block struct {
	file, language, text string
	line                 int
}

func readmeBlocks(t *testing.T) []block {
	t.Helper()
	readme, err := os.ReadFile("README.md")
	require.NoError(t, err)
	require.LessOrEqual(t, bytes.Count(readme, []byte("\n")), 200, "README.md is at most 200 lines long")
	return readBlocks(t, "README.md")
}

func readBlocks(t *testing.T, file string) []block {
	t.Helper()
	text, err := os.ReadFile(file)
	require.NoError(t, err)
	lines := strings.Split(string(text), "\n")
	var blocks []block
	open := false
	for i, l := range lines {
		language, fence := strings.CutPrefix(l, "```")
		switch {
		case fence && !open:
			blocks, open = append(blocks, block{file: file, language: language, line: i + 1}), true
		case fence:
			open = false
		case open:
			blocks[len(blocks)-1].text += l + "\n"
		}
	}
	return blocks
}

// TestDocuments_Go vets the Go blocks of the README and of docs. Each is a whole
// file.
func TestDocuments_Go(t *testing.T) {
	files, err := filepath.Glob("docs/*.md")
	require.NoError(t, err)
	var dirs []string
	blocks := make(map[string]block) // by directory
	for _, file := range append(files, "README.md") {
		for _, b := range readBlocks(t, file) {
			if b.language != "go" {
				continue
			}
			dir, err := os.MkdirTemp(".", "testdata-document-")
			require.NoError(t, err)
			t.Cleanup(func() { os.RemoveAll(dir) })
			require.NoError(t, os.WriteFile(filepath.Join(dir, "main.go"), []byte(b.text), 0o600))
			formatted, err := format.Source([]byte(b.text))
			require.NoError(t, err, "%s:%d", b.file, b.line)
			require.Equal(t, string(formatted), b.text, "%s:%d: gofmt", b.file, b.line)
			dirs, blocks[filepath.Base(dir)] = append(dirs, "./"+filepath.Base(dir)), b
		}
	}
	require.NotEmpty(t, dirs)
	out, err := exec.Command("go", append([]string{"vet"}, dirs...)...).CombinedOutput()
	text := string(out)
	for dir, b := range blocks { // name the document in place of the copy
		text = strings.ReplaceAll(text, dir, fmt.Sprintf("%s, block of line %d", b.file, b.line))
	}
	require.NoError(t, err, text)
}

// TestDocuments_Identifiers looks up the names that the documents mention:
// qualified ones such as booking.Slot, methods such as vapi.(*Handler).callTools,
// and the messages of log lines.
func TestDocuments_Identifiers(t *testing.T) {
	exported := make(map[string]bool) // "package", "package.Name", "package.Type.Member"
	methods := make(map[string]bool)  // "directory.(*Type).Method"
	var code strings.Builder
	for _, s := range read(t, os.DirFS(".")) {
		if s.test() {
			continue
		}
		text, err := os.ReadFile(s.file)
		require.NoError(t, err)
		code.Write(text)
		file, err := parser.ParseFile(token.NewFileSet(), s.file, text, 0)
		require.NoError(t, err)
		pkg := file.Name.Name
		exported[pkg] = true
		for name := range file.Scope.Objects {
			exported[pkg+"."+name] = true
		}
		ast.Inspect(file, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.FuncDecl:
				if receiver := receiverOf(n); receiver != "" {
					exported[pkg+"."+receiver+"."+n.Name.Name] = true
					methods[s.dir()+".(*"+receiver+")."+n.Name.Name] = true
				}
			case *ast.TypeSpec:
				for _, member := range membersOf(n) {
					exported[pkg+"."+n.Name.Name+"."+member] = true
				}
			}
			return true
		})
	}
	qualified := regexp.MustCompile("`([a-z]+)((?:\\.[A-Z]\\w*)+)")
	method := regexp.MustCompile("`([\\w/]+\\.\\(\\*\\w+\\)\\.\\w+)`")
	message := regexp.MustCompile(`msg=("[^"]+")`)
	files, err := filepath.Glob("docs/*.md")
	require.NoError(t, err)
	names := 0
	for _, file := range append(files, "README.md", "CONTRIBUTING.md", "SECURITY.md", "examples/README.md") {
		text, err := os.ReadFile(file)
		require.NoError(t, err)
		for _, m := range qualified.FindAllStringSubmatch(string(text), -1) {
			if exported[m[1]] { // a package of the module
				require.True(t, exported[m[1]+m[2]], "%s mentions %s%s, which does not exist", file, m[1], m[2])
				names++
			}
		}
		for _, m := range method.FindAllStringSubmatch(string(text), -1) {
			require.True(t, methods[m[1]], "%s mentions %s, which does not exist", file, m[1])
		}
		for _, m := range message.FindAllStringSubmatch(string(text), -1) {
			require.True(t, strings.Contains(code.String(), m[1]), "%s mentions the log line %s, which does not exist", file, m[1])
		}
	}
	require.Greater(t, names, 20)
}

// TestDocuments_Links looks up the files that the documents link to.
func TestDocuments_Links(t *testing.T) {
	files, err := filepath.Glob("docs/*.md")
	require.NoError(t, err)
	link := regexp.MustCompile(`\]\(([^)#\s]+)`)
	for _, file := range append(files, "README.md", "CONTRIBUTING.md", "SECURITY.md", "examples/README.md") {
		text, err := os.ReadFile(file)
		require.NoError(t, err)
		for _, m := range link.FindAllStringSubmatch(string(text), -1) {
			if strings.Contains(m[1], "://") {
				continue
			}
			_, err := os.Stat(filepath.Join(filepath.Dir(file), m[1]))
			require.NoError(t, err, "%s links to %s", file, m[1])
		}
	}
}

// receiverOf returns the type that a function is a method of; "" for none.
func receiverOf(f *ast.FuncDecl) string {
	if f.Recv == nil || len(f.Recv.List) != 1 {
		return ""
	}
	receiver := f.Recv.List[0].Type
	if star, ok := receiver.(*ast.StarExpr); ok {
		receiver = star.X
	}
	name, _ := receiver.(*ast.Ident)
	if name == nil {
		return ""
	}
	return name.Name
}

// membersOf returns the fields of a struct type or the methods of an interface.
func membersOf(spec *ast.TypeSpec) (names []string) {
	var members *ast.FieldList
	switch of := spec.Type.(type) {
	case *ast.StructType:
		members = of.Fields
	case *ast.InterfaceType:
		members = of.Methods
	default:
		return nil
	}
	for _, member := range members.List {
		for _, name := range member.Names {
			names = append(names, name.Name)
		}
	}
	return names
}

// TestDocuments_Makefile looks up each test that the Makefile names.
func TestDocuments_Makefile(t *testing.T) {
	makefile, err := os.ReadFile("Makefile")
	require.NoError(t, err)
	named := regexp.MustCompile(`-run '\^\(?([\w|]+)\)?\$\$' \./(\S+)`).FindAllStringSubmatch(string(makefile), -1)
	require.NotEmpty(t, named)
	for _, m := range named {
		files, err := filepath.Glob(filepath.Join(m[2], "*_test.go"))
		require.NoError(t, err)
		var source []byte
		for _, file := range files {
			text, err := os.ReadFile(file)
			require.NoError(t, err)
			source = append(source, text...)
		}
		for _, name := range strings.Split(m[1], "|") {
			found := strings.Contains(string(source), "func "+name+"(t *testing.T)")
			require.True(t, found, "the Makefile runs %s, which %s does not have", name, m[2])
		}
	}
}

// elsewhere matches the commands that other checks run: .ci/run runs make, and
// .ci/docs the blocks that need a PostgreSQL server.
var elsewhere = regexp.MustCompile(`(?m)^(make |export DATABASE_URL|go get )`)

// TestDocuments_README runs the shell blocks of the README in order, in one shell
// and on a port of its own, and compares their output with the text block on the
// next line: "…" in it matches anything, on a line of its own any lines.
func TestDocuments_README(t *testing.T) {
	if testing.Short() {
		t.Skip("builds and runs the examples")
	}
	addr := freeAddr(t)
	blocks := readmeBlocks(t)
	outputs := t.TempDir()
	var script strings.Builder
	wants := make(map[string]block) // by the file that has the output
	for i, b := range blocks {
		if b.language != "sh" || elsewhere.MatchString(b.text) {
			continue
		}
		if strings.Contains(b.text, "go run ./examples/clinic") {
			serveClinic(t, addr)
			continue
		}
		output := filepath.Join(outputs, fmt.Sprint(b.line))
		fmt.Fprintf(&script, "echo '-- README.md:%d' >&2\n{\n%s} >%s\n", b.line, b.text, output)
		if i+1 < len(blocks) && blocks[i+1].language == "text" && blocks[i+1].line == b.line+strings.Count(b.text, "\n")+2 {
			wants[output] = blocks[i+1]
		}
	}
	cmd := exec.Command("bash", "-euo", "pipefail", "-c", strings.ReplaceAll(script.String(), "127.0.0.1:8080", addr))
	var problems bytes.Buffer
	cmd.Stderr = &problems
	require.NoError(t, cmd.Run(), "%s", &problems)
	require.NotEmpty(t, wants)
	for output, want := range wants {
		got, err := os.ReadFile(output)
		require.NoError(t, err)
		require.Regexp(t, pattern(strings.ReplaceAll(want.text, "127.0.0.1:8080", addr)), string(got), "README.md:%d", want.line)
	}
}

// pattern returns the regular expression that a text block stands for.
func pattern(text string) string {
	var p strings.Builder
	p.WriteString(`(?s)^`)
	for line := range strings.Lines(text) {
		if strings.TrimSpace(line) == "…" {
			p.WriteString(`(?:[^\n]*\n)*?`)
			continue
		}
		p.WriteString(strings.ReplaceAll(regexp.QuoteMeta(line), "…", `[^\n]*`))
	}
	p.WriteString(`$`)
	return p.String()
}

func freeAddr(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer l.Close()
	return l.Addr().String()
}

// serveClinic runs the clinic example until the test ends.
func serveClinic(t *testing.T, addr string) {
	t.Helper()
	program := filepath.Join(t.TempDir(), "clinic")
	out, err := exec.Command("go", "build", "-o", program, "./examples/clinic").CombinedOutput()
	require.NoError(t, err, "%s", out)
	ctx, cancel := context.WithCancel(context.Background())
	cmd := exec.CommandContext(ctx, program)
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	cmd.Env = append(os.Environ(), "ADDR="+addr, "DATABASE_URL=")
	var log bytes.Buffer
	cmd.Stdout, cmd.Stderr = &log, &log
	require.NoError(t, cmd.Start())
	t.Cleanup(func() {
		cancel()
		require.NoError(t, ignoreSignal(cmd.Wait()), "%s", log.String())
	})
	require.Eventually(t, func() bool {
		resp, err := http.Get("http://" + addr + "/healthz")
		if err != nil {
			return false
		}
		resp.Body.Close()
		return resp.StatusCode == http.StatusOK
	}, 30*time.Second, 20*time.Millisecond)
}

func ignoreSignal(err error) error {
	if err == context.Canceled {
		return nil
	}
	return err
}

func TestPattern(t *testing.T) {
	p := regexp.MustCompile(pattern("a … b\n…\nend\n"))
	for text, want := range map[string]bool{
		"a 1 b\nend\n":            true,
		"a 1 b\nx\ny\nend\n":      true,
		"a 1 c\nend\n":            false,
		"a 1 b\nend\nand more\n":  false,
		"a 1\n2 b\nend\n":         false,
		"before\na 1 b\nx\nend\n": false,
	} {
		require.Equal(t, want, p.MatchString(text), fmt.Sprintf("%q", text))
	}
}
