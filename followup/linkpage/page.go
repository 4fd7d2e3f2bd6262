package linkpage

import (
	"bytes"
	"html/template"
)

// content is the text of a page. Title is the clinic's label on the page with
// the button, the only one about a clinic.
type content struct{ Title, Text, Button string }

// Pages with the same bytes for every request.
var (
	notFoundPage = render(content{
		Title: "This link has ended",
		Text:  "It may be too old, or was opened too often. Please call and ask for a new one.",
	})
	notAllowedPage = render(content{
		Title: "This cannot be done here",
		Text:  "Please open the link from your message again.",
	})
	tooManyPage = render(content{
		Title: "Too many tries",
		Text:  "Please wait a minute, then open the link from your message again.",
	})
	unavailablePage = render(content{
		Title: "Please try again",
		Text:  "Something is not working right now. Please open the link again in a minute.",
	})
)

// buttonPage is the page of a link that opens.
func buttonPage(label string) []byte {
	return render(content{Title: label, Text: "The information you asked for is ready.", Button: "Open the information"})
}

func render(c content) []byte {
	var page bytes.Buffer
	if err := pageTemplate.Execute(&page, c); err != nil {
		panic(err) // impossible: a buffer accepts every write, and content has every field
	}
	return page.Bytes()
}

var pageTemplate = template.Must(template.New("page").Parse(pageHTML))

const pageHTML = `<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>{{.Title}}</title>
<style>` + pageStyle + `</style>
</head>
<body>
<main>
<h1>{{.Title}}</h1>
<p>{{.Text}}</p>
{{- if .Button}}
<form method="post">
<button type="submit">{{.Button}}</button>
</form>
<p class="note">This link was made for you and works for a limited time. Please do not pass it on.</p>
{{- end}}
</main>
</body>
</html>
`

const pageStyle = `
:root {
	--ground: #f3f5f8; --card: #fff; --edge: #dde2ea; --ink: #18212f; --soft: #56627a; --accent: #1c5fd6; --on-accent: #fff;
	color-scheme: light dark;
}
@media (prefers-color-scheme: dark) {
	:root { --ground: #10151d; --card: #1a212c; --edge: #2c3645; --ink: #eef2f8; --soft: #a3afc2; --accent: #8ab4ff; --on-accent: #0b1a33; }
}
* { box-sizing: border-box; }
body {
	margin: 0; min-height: 100vh; min-height: 100svh; display: grid; place-items: center; padding: 1.25rem;
	background: var(--ground); color: var(--ink);
	font: 1.0625rem/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif;
}
main {
	width: 100%; max-width: 26rem; padding: 2rem 1.5rem; text-align: center;
	background: var(--card); border: 1px solid var(--edge); border-radius: 1rem;
}
h1, p { text-wrap: balance; }
h1 { margin: 0 0 .75rem; font-size: 1.5rem; line-height: 1.25; overflow-wrap: anywhere; }
p { margin: 0; }
form { margin: 1.75rem 0 0; }
button {
	width: 100%; min-height: 3.25rem; padding: .75rem 1rem; border: 0; border-radius: .75rem;
	background: var(--accent); color: var(--on-accent); font: inherit; font-weight: 600; cursor: pointer;
}
button:hover { filter: brightness(1.08); }
button:focus-visible { outline: 3px solid var(--ink); outline-offset: 3px; }
.note { margin-top: 1.25rem; font-size: .875rem; color: var(--soft); }
`
