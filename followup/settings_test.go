package followup_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/callwaiting-ai/callwaiting/followup"
	"github.com/callwaiting-ai/callwaiting/tenant"
)

func TestNewSettings_Defaults(t *testing.T) {
	t.Parallel()
	c := clinicOf(t, followup.SettingsConfig{Org: harley})
	require.Equal(t, harley, c.Org())
	require.Equal(t, "Harley Street Clinic", c.Label())
	for kind := range followup.DefaultTemplates {
		require.True(t, c.Sends(kind), kind)
	}
	open, close := c.Hours()
	require.Equal(t, [2]int{9 * 60, 20 * 60}, [2]int{open, close})
	perDay, perWeek := c.Caps()
	require.Equal(t, [2]int{1, 3}, [2]int{perDay, perWeek})
	require.Equal(t, []time.Duration{24 * time.Hour, 2 * time.Hour}, c.Reminders())
	require.Equal(t, 24*time.Hour, c.ConsentLasts(followup.Information))
	require.Equal(t, 365*24*time.Hour, c.ConsentLasts(followup.Offer))
	require.Equal(t, 36*time.Hour, c.Deadline())
	require.Equal(t, 7*24*time.Hour, c.LinkLasts())
	require.Equal(t, 20, c.LinkViews())
	require.Equal(t, "v1", c.Wording())
	require.Empty(t, c.Fallback())
	require.False(t, c.AtOnce())
}

func TestNewSettings_NoKindsNoReminders(t *testing.T) {
	t.Parallel()
	c := clinicOf(t, followup.SettingsConfig{Org: harley, Kinds: []followup.Kind{}, Reminders: []time.Duration{}})
	require.False(t, c.Sends(followup.Information))
	require.Empty(t, c.Reminders())
}

func TestNewSettings_InvalidField(t *testing.T) {
	t.Parallel()
	information := func(text string) followup.SettingsConfig {
		return followup.SettingsConfig{Org: harley, Templates: map[followup.Kind]string{followup.Information: text}}
	}
	long := harley
	long.Name = strings.Repeat("Very ", 6) + "Long Clinic"
	emoji := harley
	emoji.Name = "Clinic \U0001F3E5"
	for _, c := range []struct {
		cfg  followup.SettingsConfig
		want string
	}{
		{followup.SettingsConfig{}, "SettingsConfig.Org"},
		{followup.SettingsConfig{Org: long}, "shorten it or the Label"},
		{followup.SettingsConfig{Org: emoji}, "SettingsConfig.Label"},
		{followup.SettingsConfig{Org: harley, Label: "Two\nlines"}, "SettingsConfig.Label"},
		{followup.SettingsConfig{Org: harley, Label: "  "}, "SettingsConfig.Label"},
		{followup.SettingsConfig{Org: harley, Kinds: []followup.Kind{"advert"}}, "SettingsConfig.Kinds"},
		{followup.SettingsConfig{Org: harley, Open: 20 * 60, Close: 9 * 60}, "SettingsConfig.Open"},
		{followup.SettingsConfig{Org: harley, Open: -1}, "SettingsConfig.Open"},
		{followup.SettingsConfig{Org: harley, Close: 25 * 60}, "SettingsConfig.Open"},
		{followup.SettingsConfig{Org: harley, Reminders: []time.Duration{time.Minute}}, "SettingsConfig.Reminders"},
		{followup.SettingsConfig{Org: harley, PerDay: -1}, "SettingsConfig.PerDay"},
		{followup.SettingsConfig{Org: harley, PerWeek: -1}, "SettingsConfig.PerDay"},
		{followup.SettingsConfig{Org: harley, ConsentLasts: map[followup.Kind]time.Duration{followup.Reminder: 1}}, "SettingsConfig.ConsentLasts"},
		{followup.SettingsConfig{Org: harley, ConsentLasts: map[followup.Kind]time.Duration{followup.Offer: -1}}, "SettingsConfig.ConsentLasts"},
		{followup.SettingsConfig{Org: harley, Deadline: -1}, "SettingsConfig.Deadline"},
		{followup.SettingsConfig{Org: harley, LinkLasts: -1}, "SettingsConfig.LinkLasts"},
		{followup.SettingsConfig{Org: harley, LinkViews: -1}, "SettingsConfig.LinkLasts"},
		{followup.SettingsConfig{Org: harley, Fallback: "../general.pdf"}, "SettingsConfig.Fallback"},
		{followup.SettingsConfig{Org: harley, Templates: map[followup.Kind]string{"advert": "Buy!"}}, "SettingsConfig.Templates"},
		{information("{clinic}: {link} {name} Reply STOP to opt out."), "unknown placeholder"},
		{information("{clinic}: {link} on {day} Reply STOP to opt out."), "unknown placeholder"},
		{information("{clinic}: {link} } Reply STOP to opt out."), "a brace"},
		{information("{clinic}: Reply STOP to opt out."), "needs {link}"},
		{information("{clinic}: {link} {link} Reply STOP to opt out."), "needs {link}"},
		{information("{clinic}: {link} Goodbye."), "how to opt out"},
		{information("{clinic}: {link} NONSTOP"), "how to opt out"},
		{information("{clinic}: {link} \U0001F642 Reply STOP to opt out."), "U+1F642"},
		{information("{clinic}: {link} ç Reply STOP to opt out."), "U+00E7"},
		{information("{clinic}: {link} " + strings.Repeat("x", 80) + " Reply STOP to opt out."), "is up to 190 characters long"},
		{followup.SettingsConfig{Org: harley, Templates: map[followup.Kind]string{followup.Reminder: "{clinic}: {link}"}}, "unknown placeholder"},
		{followup.SettingsConfig{Org: harley, Templates: map[followup.Kind]string{followup.Offer: "{clinic}: {day} at {time} is free."}}, "how to opt out"},
		{followup.SettingsConfig{ // checked although it is not sent
			Org: harley, Kinds: []followup.Kind{}, Templates: map[followup.Kind]string{followup.Reminder: "{name}"},
		}, "Templates[reminder]"},
	} {
		_, err := followup.NewSettings(c.cfg)
		require.ErrorContains(t, err, c.want)
		require.ErrorContains(t, err, "followup: SettingsConfig.")
	}
}

// septets counts by the table of 3GPP TS 23.038, in the order of its codes.
func septets(t *testing.T, text string) (n int) {
	const basic = "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞ\x1bÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
	require.Len(t, []rune(basic), 128)
	for _, r := range text {
		switch {
		case strings.ContainsRune(basic, r):
			n++
		case strings.ContainsRune("^{}\\[~]|€\f", r):
			n += 2
		default:
			require.Failf(t, "not GSM-7", "%U in %q", r, text)
		}
	}
	return n
}

func TestDefaultTemplates_OneSegment(t *testing.T) {
	t.Parallel()
	org := harley
	org.Name, org.Locale = "Clinic of 20 letters", "en-US"
	require.Len(t, org.Name, 20)
	c := clinicOf(t, followup.SettingsConfig{Org: org})
	link := "https://" + strings.Repeat("x", followup.MaxLinkLength-len("https://"))
	start := time.Date(2026, 9, 30, 9, 30, 0, 0, time.UTC) // Wed 30 Sep, 10:30 AM in London
	for kind := range followup.DefaultTemplates {
		text, err := c.Render(kind, followup.Values{Link: link, Start: start})
		require.NoError(t, err)
		require.LessOrEqual(t, septets(t, text), 160, text)
		require.True(t, strings.HasPrefix(text, org.Name+": "), text)
		require.Contains(t, text, "STOP")
		require.NotContains(t, text, "{")
	}
}

func TestSettings_Render(t *testing.T) {
	t.Parallel()
	start := time.Date(2026, 7, 1, 9, 5, 0, 0, time.UTC)
	render := func(locale, zoneName string) string {
		org := harley
		org.Locale, org.Zone = locale, zone(zoneName)
		c := clinicOf(t, followup.SettingsConfig{Org: org, Templates: map[followup.Kind]string{
			followup.Reminder: "\r\n“{clinic}” – you’re due\u00a0on {day}, {time}… ",
		}})
		text, err := c.Render(followup.Reminder, followup.Values{Start: start})
		require.NoError(t, err)
		return text
	}
	require.Equal(t, `"Harley Street Clinic" - you're due on Wed 1 Jul, 10:05...`, render("en-GB", "Europe/London"))
	require.Equal(t, `"Harley Street Clinic" - you're due on Wed 1 Jul, 5:05 AM...`, render("en-US", "America/New_York"))
	require.Equal(t, `"Harley Street Clinic" - you're due on Wed 1 Jul, 21:05...`, render("en-NZ", "Pacific/Auckland"))
}

func TestSettings_Render_LabelWithPlaceholder(t *testing.T) {
	t.Parallel()
	c := clinicOf(t, followup.SettingsConfig{Org: harley, Label: "Dr O’{link}"})
	text, err := c.Render(followup.Information, followup.Values{Link: "https://go.example/d/8Kq2vN3xT7bYwZ1c"})
	require.NoError(t, err)
	require.Equal(t, "Dr O'{link}: the information you asked for: https://go.example/d/8Kq2vN3xT7bYwZ1c Reply BOOK to book, STOP to opt out.", text)
}

func TestSettings_Render_InvalidValues(t *testing.T) {
	t.Parallel()
	c := clinicOf(t, followup.SettingsConfig{Org: harley, Kinds: []followup.Kind{followup.Information, followup.Reminder}})
	for _, bad := range []struct {
		kind followup.Kind
		followup.Values
	}{
		{followup.Information, followup.Values{}},
		{followup.Information, followup.Values{Link: "https://go.example/ü\u0301"}},
		{followup.Information, followup.Values{Link: "https://go.example/ d"}},
		{followup.Information, followup.Values{Link: strings.Repeat("secret", 11)}},
		{followup.Reminder, followup.Values{}},
		{followup.Offer, followup.Values{Start: noon}},
		{"advert", followup.Values{Start: noon}},
	} {
		_, err := c.Render(bad.kind, bad.Values)
		require.ErrorContains(t, err, "followup: ")
		require.NotContains(t, err.Error(), "secret")
	}
}

func TestSettings_CheckWords(t *testing.T) {
	t.Parallel()
	words := []string{"", "Botox", "lip filler", "Rhinoplasty consultation", "IV"}
	require.NoError(t, clinicOf(t, followup.SettingsConfig{Org: harley}).CheckWords(words))
	for text, holds := range map[string]bool{
		"{clinic}: your BOTOX sheet: {link} Reply STOP":                      true,
		"{clinic}: about your lip \n Filler: {link} Reply STOP":              true,
		"{clinic}: iv, {link} Reply STOP":                                    true,
		"{clinic}: it will arrive: {link} Reply STOP":                        false,
		"{clinic}: your consultation, botoxed lip-filler: {link} Reply STOP": false,
	} {
		c := clinicOf(t, followup.SettingsConfig{Org: harley, Templates: map[followup.Kind]string{followup.Information: text}})
		err := c.CheckWords(words)
		require.Equal(t, holds, err != nil, text)
		if holds {
			require.ErrorContains(t, err, "Templates[information]")
			require.NotContains(t, strings.ToLower(err.Error()), "botox")
		}
	}
	c := clinicOf(t, followup.SettingsConfig{Org: harley, Label: "The Botox Bar"})
	require.ErrorContains(t, c.CheckWords(words), "SettingsConfig.Label")
}

func TestStaticSettings_Settings(t *testing.T) {
	t.Parallel()
	clinic := clinicOf(t, followup.SettingsConfig{Org: harley})
	clinics := followup.StaticSettings{harley.ID: clinic}
	got, err := clinics.Settings(t.Context(), harley.ID)
	require.NoError(t, err)
	require.Same(t, clinic, got)
	for _, id := range []tenant.ID{{}, tenant.NewID()} {
		_, err = clinics.Settings(t.Context(), id)
		require.ErrorIs(t, err, tenant.ErrUnknownOrg)
	}
}

// A later change of the config must not change the settings.
func TestSettings_SharesNoMemory(t *testing.T) {
	t.Parallel()
	cfg := followup.SettingsConfig{
		Org: harley, Kinds: []followup.Kind{followup.Reminder}, Reminders: []time.Duration{time.Hour},
		ConsentLasts: map[followup.Kind]time.Duration{followup.Offer: time.Hour},
		Templates:    map[followup.Kind]string{followup.Reminder: "Soon."},
	}
	c := clinicOf(t, cfg)
	cfg.Kinds[0], cfg.Reminders[0], cfg.ConsentLasts[followup.Offer] = followup.Offer, 5*time.Hour, 5*time.Hour
	cfg.Templates[followup.Reminder] = "Never."
	c.Reminders()[0] = 5 * time.Hour
	require.True(t, c.Sends(followup.Reminder))
	require.Equal(t, []time.Duration{time.Hour}, c.Reminders())
	require.Equal(t, time.Hour, c.ConsentLasts(followup.Offer))
	text, err := c.Render(followup.Reminder, followup.Values{Start: noon})
	require.NoError(t, err)
	require.Equal(t, "Soon.", text)
}

// FuzzNewSettings checks that the texts of every accepted template are one segment.
func FuzzNewSettings(f *testing.F) {
	for _, text := range followup.DefaultTemplates {
		f.Add(text, "Harley Street Clinic")
	}
	f.Add("{link}{clinic}STOP {clinic} [^]", "Dr {day} €")
	f.Fuzz(func(t *testing.T, text, label string) {
		link := strings.Repeat("x", followup.MaxLinkLength)
		for kind := range followup.DefaultTemplates {
			c, err := followup.NewSettings(followup.SettingsConfig{
				Org: harley, Label: label, Kinds: []followup.Kind{kind}, Templates: map[followup.Kind]string{kind: text},
			})
			if err != nil {
				continue
			}
			body, err := c.Render(kind, followup.Values{Link: link, Start: noon})
			require.NoError(t, err)
			require.LessOrEqual(t, septets(t, body), 160)
			require.NoError(t, c.CheckWords(nil))
		}
	})
}

func ExampleSettings_Render() {
	clinic, err := followup.NewSettings(followup.SettingsConfig{Org: harley})
	if err != nil {
		panic(err)
	}
	text, _ := clinic.Render(followup.Information, followup.Values{Link: "https://go.harley.example/d/8Kq2vN3xT7bYwZ1c"})
	fmt.Println(text)
	text, _ = clinic.Render(followup.Reminder, followup.Values{Start: time.Date(2026, 11, 24, 10, 0, 0, 0, time.UTC)})
	fmt.Println(text)
	// Output:
	// Harley Street Clinic: the information you asked for: https://go.harley.example/d/8Kq2vN3xT7bYwZ1c Reply BOOK to book, STOP to opt out.
	// Harley Street Clinic: a reminder of your appointment on Tue 24 Nov at 10:00. To change it, please call us. Reply STOP to opt out.
}
