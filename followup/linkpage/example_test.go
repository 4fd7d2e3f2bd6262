package linkpage_test

import (
	"context"
	"fmt"
	"log"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing/fstest"
	"time"

	"github.com/callwaiting-ai/callwaiting/followup"
	"github.com/callwaiting-ai/callwaiting/followup/linkpage"
	"github.com/callwaiting-ai/callwaiting/tenant"
)

func ExampleNewLinks() {
	links, err := linkpage.NewLinks("https://go.clinic.example")
	if err != nil {
		log.Fatal(err)
	}
	url, _ := links.NewLink(surgery)
	fmt.Println(strings.HasPrefix(url, "https://go.clinic.example/d/"), len(url))

	_, err = linkpage.NewLinks("http://go.clinic.example")
	fmt.Println(err)
	// Output:
	// true 44
	// linkpage: NewLinks: base must begin with https://; http:// is for localhost only
}

func ExampleNew() {
	links, err := linkpage.NewLinks("https://go.clinic.example")
	if err != nil {
		log.Fatal(err)
	}
	url, hash := links.NewLink(surgery)
	store := &linkStore{
		links: map[[32]byte]*followup.Link{hash: {Hash: hash, Document: "aftercare.txt", Expires: time.Now().Add(time.Hour), MaxViews: 1}},
		orgs:  map[[32]byte]tenant.ID{hash: surgery},
	}
	folder, err := followup.NewFolder(fstest.MapFS{surgery.String() + "/aftercare.txt": {Data: []byte("Rest for a day.")}}, nil)
	if err != nil {
		log.Fatal(err)
	}
	pages, err := linkpage.New(linkpage.Config{Links: store, Settings: labels{surgery: "Harley St"}, Assets: folder})
	if err != nil {
		log.Fatal(err)
	}
	mux := http.NewServeMux()
	mux.Handle("/d/{token}", pages)
	for _, method := range []string{http.MethodGet, http.MethodPost, http.MethodPost} {
		w := httptest.NewRecorder()
		mux.ServeHTTP(w, httptest.NewRequestWithContext(context.Background(), method, url, nil))
		fmt.Println(method, w.Code, w.Header().Get("Content-Type"))
	}
	// Output:
	// GET 200 text/html; charset=utf-8
	// POST 200 text/plain; charset=utf-8
	// POST 404 text/html; charset=utf-8
}
