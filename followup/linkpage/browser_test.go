package linkpage_test

import (
	"bufio"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/callwaiting-ai/callwaiting/followup/linkpage"
)

// A person with a phone and without JavaScript opens the link of a text and
// presses the button. LINKPAGE_SCREENSHOT=file.png keeps a picture of the page.
func TestHandler_Browser(t *testing.T) {
	b := startBrowser(t)
	p := newPage(t, func(cfg *linkpage.Config) { cfg.Settings = labels{surgery: "Harley Street Clinic"} })
	var (
		mu       sync.Mutex
		requests []string
	)
	seen := func() []string {
		mu.Lock()
		defer mu.Unlock()
		return slices.Clone(requests)
	}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		requests = append(requests, r.Method+" "+r.URL.Path)
		mu.Unlock()
		p.ServeHTTP(w, r)
	}))
	t.Cleanup(server.Close)

	downloads := t.TempDir()
	b.do("Browser.setDownloadBehavior", params{"behavior": "allow", "downloadPath": downloads, "eventsEnabled": true}, nil)
	b.openTab()
	b.do("Emulation.setDeviceMetricsOverride", params{"width": 390, "height": 844, "deviceScaleFactor": 2, "mobile": true}, nil)
	b.do("Emulation.setScriptExecutionDisabled", params{"value": true}, nil)
	b.do("Log.enable", nil, nil)
	b.do("Page.enable", nil, nil)
	b.do("Page.navigate", params{"url": server.URL + "/d/" + goodToken}, nil)
	b.await("Page.loadEventFired", nil)

	// The page has one button, large enough for a thumb, and no element
	// that is wider than the screen.
	var tree struct{ Root struct{ NodeID int } }
	b.do("DOM.getDocument", nil, &tree)
	var found struct{ NodeIDs []int }
	b.do("DOM.querySelectorAll", params{"nodeId": tree.Root.NodeID, "selector": "button, a, input, select, textarea"}, &found)
	require.Len(t, found.NodeIDs, 1)
	var named struct {
		Nodes []struct{ Role, Name struct{ Value string } }
	}
	b.do("Accessibility.queryAXTree", params{"nodeId": found.NodeIDs[0], "role": "button"}, &named)
	require.Len(t, named.Nodes, 1)
	require.Equal(t, "Open the information", named.Nodes[0].Name.Value)
	var box struct{ Model struct{ Border []float64 } }
	b.do("DOM.getBoxModel", params{"nodeId": found.NodeIDs[0]}, &box)
	left, top, right, bottom := box.Model.Border[0], box.Model.Border[1], box.Model.Border[4], box.Model.Border[5]
	require.Greater(t, bottom-top, 44.0)
	require.Greater(t, right-left, 200.0)
	require.True(t, left >= 0 && right <= 390 && top >= 0 && bottom <= 844, "the button is on the screen: %v", box.Model.Border)
	var layout struct{ CSSContentSize struct{ Width float64 } }
	b.do("Page.getLayoutMetrics", nil, &layout)
	require.LessOrEqual(t, layout.CSSContentSize.Width, 390.0)

	var shot struct{ Data string }
	b.do("Page.captureScreenshot", params{"format": "png"}, &shot)
	png, err := base64.StdEncoding.DecodeString(shot.Data)
	require.NoError(t, err)
	require.Greater(t, len(png), 5000, "there is something in the picture")
	if file := os.Getenv("LINKPAGE_SCREENSHOT"); file != "" {
		require.NoError(t, os.WriteFile(file, png, 0o644))
	}
	require.Equal(t, []string{"GET /d/" + goodToken}, seen(), "the browser loads the page only")
	require.Equal(t, 0, p.store.views(goodToken))

	for _, event := range []string{"mousePressed", "mouseReleased"} {
		b.do("Input.dispatchMouseEvent", params{
			"type": event, "x": (left + right) / 2, "y": (top + bottom) / 2, "button": "left", "clickCount": 1,
		}, nil)
	}
	var began struct{ SuggestedFilename string }
	b.await("Browser.downloadWillBegin", &began)
	require.Equal(t, "information.pdf", began.SuggestedFilename)
	var progress struct{ State string }
	for progress.State != "completed" {
		b.await("Browser.downloadProgress", &progress)
		require.NotEqual(t, "canceled", progress.State)
	}
	content, err := os.ReadFile(filepath.Join(downloads, "information.pdf"))
	require.NoError(t, err)
	require.Equal(t, document, string(content))
	require.Equal(t, []string{"GET /d/" + goodToken, "POST /d/" + goodToken}, seen(), "one press, one request")
	require.Equal(t, 1, p.store.views(goodToken))
	require.NotContains(t, b.events(), "Log.entryAdded", "the browser logs no problem, such as a blocked style")
}

// browser is a Chromium that is driven by its DevTools protocol over a pair
// of pipes: JSON messages, each with a zero byte behind it.
type browser struct {
	t       *testing.T
	to      *os.File
	from    *bufio.Reader
	calls   int
	session string // of the tab; empty before there is one
	queue   []message
}

type params map[string]any

type message struct {
	ID     int             `json:"id"`
	Method string          `json:"method"`
	Params json.RawMessage `json:"params"`
	Result json.RawMessage `json:"result"`
	Error  *struct{ Message string }
}

func startBrowser(t *testing.T) *browser {
	t.Helper()
	var program string
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if found, err := exec.LookPath(name); err == nil {
			program = found
			break
		}
	}
	switch {
	case program == "" && os.Getenv("CI") != "":
		t.Fatal("no chromium, chromium-browser or google-chrome on PATH: install one")
	case program == "":
		t.Skip("THE LINK PAGE IS NOT TESTED IN A BROWSER: no chromium, chromium-browser or google-chrome on PATH")
	case testing.Short():
		t.Skip("-short: the link page is not tested in a browser")
	}

	// Not t.TempDir: a browser that is killed may still be writing.
	profile, err := os.MkdirTemp("", "linkpage")
	require.NoError(t, err)
	t.Cleanup(func() { _ = os.RemoveAll(profile) })
	cmd := exec.Command(program, "--headless", "--remote-debugging-pipe", "--user-data-dir="+profile, "--disable-gpu", "--disable-quic",
		"--disable-dev-shm-usage", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync", "about:blank")
	if os.Geteuid() == 0 {
		cmd.Args = append(cmd.Args, "--no-sandbox")
	}
	theirsIn, to, err := os.Pipe()
	require.NoError(t, err)
	from, theirsOut, err := os.Pipe()
	require.NoError(t, err)
	cmd.ExtraFiles = []*os.File{theirsIn, theirsOut} // 3 and 4
	require.NoError(t, cmd.Start())
	_, _ = theirsIn.Close(), theirsOut.Close()
	require.NoError(t, from.SetReadDeadline(time.Now().Add(2*time.Minute)))
	b := &browser{t: t, to: to, from: bufio.NewReader(from)}
	t.Cleanup(func() {
		_ = to.Close() // at which it ends by itself
		ended := time.AfterFunc(10*time.Second, func() { _ = cmd.Process.Kill() })
		_ = cmd.Wait()
		ended.Stop()
		_ = from.Close()
	})
	return b
}

// openTab opens a tab, to which commands go from then on.
func (b *browser) openTab() {
	b.t.Helper()
	var target struct{ TargetID string }
	b.do("Target.createTarget", params{"url": "about:blank"}, &target)
	var attached struct{ SessionID string }
	b.do("Target.attachToTarget", params{"targetId": target.TargetID, "flatten": true}, &attached)
	b.session = attached.SessionID
}

// do runs a command and reads its result into result, which may be nil.
func (b *browser) do(method string, args params, result any) {
	b.t.Helper()
	b.calls++
	command := map[string]any{"id": b.calls, "method": method}
	if args != nil {
		command["params"] = args
	}
	if b.session != "" {
		command["sessionId"] = b.session
	}
	text, err := json.Marshal(command)
	require.NoError(b.t, err)
	_, err = b.to.Write(append(text, 0))
	require.NoError(b.t, err)
	for {
		m := b.read(method)
		if m.ID != b.calls {
			b.queue = append(b.queue, m)
			continue
		}
		require.Nil(b.t, m.Error, "%s: %+v", method, m.Error)
		if result != nil {
			require.NoError(b.t, json.Unmarshal(m.Result, result), method)
		}
		return
	}
}

// await waits for an event and reads it into event, which may be nil.
func (b *browser) await(method string, event any) {
	b.t.Helper()
	for i := 0; ; i++ {
		if i == len(b.queue) {
			b.queue = append(b.queue, b.read(method))
		}
		if m := b.queue[i]; m.Method == method {
			b.queue = slices.Delete(b.queue, i, i+1)
			if event != nil {
				require.NoError(b.t, json.Unmarshal(m.Params, event), method)
			}
			return
		}
	}
}

// events returns the names of the events that were not awaited.
func (b *browser) events() (names []string) {
	for _, m := range b.queue {
		names = append(names, m.Method)
		if m.Method == "Log.entryAdded" {
			names = append(names, string(m.Params))
		}
	}
	return names
}

func (b *browser) read(waitingFor string) (m message) {
	b.t.Helper()
	text, err := b.from.ReadBytes(0)
	require.NoError(b.t, err, "the browser said nothing more while waiting for %s", waitingFor)
	require.NoError(b.t, json.Unmarshal(text[:len(text)-1], &m))
	return m
}
