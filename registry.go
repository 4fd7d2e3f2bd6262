package callwaiting

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"maps"
	"reflect"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/callwaiting-ai/callwaiting/booking"
	"github.com/callwaiting-ai/callwaiting/followup"
	"github.com/callwaiting-ai/callwaiting/tenant"
)

// RegistryConfig configures a [Registry]. Clinics is required.
type RegistryConfig struct {
	Clinics Clinics

	// Secrets resolves the references to secrets in the documents.
	//
	// Defaults to refusing every reference.
	Secrets SecretSource

	// Documents holds a folder for each clinic, named by its key, with the
	// files that its services name.
	//
	// Defaults to no documents: a service that names one is invalid.
	Documents fs.FS

	// Reload is the interval at which Run reads the documents again.
	//
	// Defaults to 2 seconds.
	Reload time.Duration

	// Log receives a line for each clinic that is added, changed, removed or
	// invalid.
	//
	// Defaults to slog.Default().
	Log *slog.Logger
}

// Registry knows the clinics of an [Office]: it checks their documents and
// serves them in every form that the parts of this module ask for. It is a
// [tenant.Directory], a [booking.Catalogs] and a [followup.SettingsSource].
// Safe for concurrent use. Make one with [NewRegistry].
type Registry struct {
	cfg    RegistryConfig
	assets followup.Assets // nil: no documents

	current atomic.Pointer[roster]

	reload sync.Mutex
	failed map[string]string // the errors that were logged last, by name
}

// Carrier is a [CarrierAccount] with its secrets resolved.
type Carrier struct {
	CarrierAccount
	Token tenant.Secrets
}

var (
	_ tenant.Directory        = (*Registry)(nil)
	_ booking.Catalogs        = (*Registry)(nil)
	_ followup.SettingsSource = (*Registry)(nil)
)

// NewRegistry reads and checks the documents of cfg. The error lists every
// problem of every document, or names the field of cfg that is missing.
func NewRegistry(ctx context.Context, cfg RegistryConfig) (*Registry, error) {
	if cfg.Clinics == nil {
		return nil, errors.New("callwaiting: RegistryConfig.Clinics is nil: pass the clinics, such as callwaiting.ClinicFolder(os.DirFS(\"clinics\"))")
	}
	if cfg.Reload < 0 {
		return nil, errors.New("callwaiting: RegistryConfig.Reload is negative: leave it 0 for 2 seconds")
	}
	cfg.Reload = cmp.Or(cfg.Reload, 2*time.Second)
	cfg.Log = cmp.Or(cfg.Log, slog.Default())
	r := &Registry{cfg: cfg, failed: make(map[string]string)}
	r.current.Store(newRoster())
	if cfg.Documents != nil {
		folder, err := followup.NewFolder(cfg.Documents, r.folderName)
		if err != nil {
			return nil, err
		}
		r.assets = folder
	}
	next, problems, err := r.read(ctx)
	if err != nil {
		return nil, err
	}
	if len(problems) > 0 {
		var all []error
		for _, name := range slices.Sorted(maps.Keys(problems)) {
			all = append(all, problems[name])
		}
		return nil, errors.Join(all...)
	}
	r.current.Store(next)
	return r, nil
}

// Run reads the documents again every RegistryConfig.Reload until ctx ends. A
// document that has become invalid is logged, and the clinic is served as
// before; one that is gone is no longer served, unless all are gone at once:
// that is a folder that is not mounted. The error is that of ctx.
func (r *Registry) Run(ctx context.Context) error {
	ticker := time.NewTicker(r.cfg.Reload)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-ticker.C:
			r.Reload(ctx)
		}
	}
}

// Reload reads the documents again at once; see [Registry.Run].
func (r *Registry) Reload(ctx context.Context) {
	r.reload.Lock()
	defer r.reload.Unlock()
	next, problems, err := r.read(ctx)
	if err != nil {
		problems = map[string]error{"": err}
	}
	for name, err := range problems {
		if r.failed[name] != err.Error() {
			r.failed[name] = err.Error()
			r.cfg.Log.LogAttrs(ctx, slog.LevelError, "callwaiting: clinic document invalid, previous version stays",
				slog.String("clinic", name), slog.String("error", err.Error()))
		}
	}
	maps.DeleteFunc(r.failed, func(name, _ string) bool { return problems[name] == nil })
	if err == nil {
		r.logChanges(ctx, r.current.Swap(next), next)
	}
}

func (r *Registry) logChanges(ctx context.Context, old, next *roster) {
	for name, m := range next.byName {
		if was := old.byName[name]; was == nil {
			r.cfg.Log.LogAttrs(ctx, slog.LevelInfo, "callwaiting: clinic added", slog.Any("org", m.org.ID))
		} else if was.profile != m.profile {
			r.cfg.Log.LogAttrs(ctx, slog.LevelInfo, "callwaiting: clinic document reloaded", slog.Any("org", m.org.ID))
		}
	}
	for name, m := range old.byName {
		if next.byName[name] == nil {
			r.cfg.Log.LogAttrs(ctx, slog.LevelWarn, "callwaiting: clinic removed", slog.Any("org", m.org.ID))
		}
	}
}

// read returns the roster of the documents as they are now, and the problems
// by name. A clinic with a problem stays as it was. If two clinics claim what
// only one may have, a clinic that has not changed keeps it.
func (r *Registry) read(ctx context.Context) (*roster, map[string]error, error) {
	entries, err := r.cfg.Clinics.Clinics(ctx)
	if err != nil {
		return nil, nil, err
	}
	if len(entries) == 0 {
		return nil, nil, errors.New("callwaiting: no clinic found: add a document, such as harley.json")
	}
	old, problems := r.current.Load(), make(map[string]error)
	chosen := make([]*registered, len(entries)) // nil: not served
	for i, e := range entries {
		was := old.byName[e.Name]
		if chosen[i], err = r.register(ctx, e, was); err != nil {
			problems[e.Name] = err
			chosen[i] = was
		}
	}
	for {
		next, conflicts := r.tryRoster(chosen, old, problems)
		if !conflicts {
			return next, problems, nil
		}
	}
}

// tryRoster returns the roster of the chosen clinics. If two of them conflict,
// it chooses the previous version of the one that has changed, or none, and
// reports conflicts: the earlier version may conflict with a third clinic.
func (r *Registry) tryRoster(chosen []*registered, old *roster, problems map[string]error) (next *roster, conflicts bool) {
	next = newRoster()
	for _, changed := range []bool{false, true} {
		for i, m := range chosen {
			if m == nil {
				continue
			}
			was := old.byName[m.name]
			if m.changed(was) != changed {
				continue
			}
			if err := next.add(m, r.cfg.Secrets.Loopback); err != nil {
				problems[m.name] = errors.Join(problems[m.name], err)
				conflicts = true
				chosen[i] = nil
				if changed {
					chosen[i] = was
				}
			}
		}
	}
	next.members = slices.DeleteFunc(slices.Clone(chosen), func(m *registered) bool { return m == nil })
	return next, conflicts
}

// changed reports whether m differs from an earlier version in anything that
// another clinic may claim as well.
func (m *registered) changed(was *registered) bool {
	return was == nil || m.profile != was.profile || m.secrets != was.secrets
}

// register checks an entry. An unchanged document keeps its profile, so that
// the catalog's identity tells whether a clinic has changed.
func (r *Registry) register(ctx context.Context, e ClinicEntry, was *registered) (*registered, error) {
	if e.Err != nil {
		return nil, e.Err
	}
	if e.Clinic == nil {
		return nil, &DocumentError{e.Name, []Problem{{"", "is nil: give a Clinic, or leave the entry out"}}}
	}
	m := &registered{name: e.Name}
	if was != nil && (was.doc == e.Clinic || reflect.DeepEqual(was.doc, e.Clinic)) {
		m.profile = was.profile
	} else {
		p, err := e.Clinic.profile()
		if err != nil {
			return nil, named(e.Name, err)
		}
		m.profile = p
	}
	problems := &DocumentError{Name: e.Name}
	r.resolveSecrets(m, problems)
	r.checkDocuments(ctx, m, problems)
	if was != nil && was.org.ID != m.org.ID {
		problems.add("id", "has changed and must never change, or the clinic loses sight of its appointments: restore it")
	}
	if len(problems.Problems) > 0 {
		return nil, problems
	}
	return m, nil
}

// named returns err with the name of its document.
func named(name string, err error) error {
	var invalid *DocumentError
	if errors.As(err, &invalid) && invalid.Name == "" {
		invalid.Name = name
	}
	return err
}

func (r *Registry) resolveSecrets(m *registered, problems *DocumentError) {
	resolve := func(path string, ref SecretRef) string {
		secret, err := r.cfg.Secrets.resolve(ref)
		if err != nil {
			problems.add(path, err.Error())
		}
		return secret
	}
	// An unset previous secret is no error: the rollout is over.
	previous := func(path string, ref SecretRef) string {
		secret, err := r.cfg.Secrets.resolve(ref)
		if err != nil && ref != "" && !errors.Is(err, errNoSecret) {
			problems.add(path, err.Error())
		}
		return secret
	}
	s := m.doc.Secrets
	m.secrets = tenant.Secrets{Current: resolve("secrets.current", s.Current), Previous: previous("secrets.previous", s.Previous)}
	if a := m.doc.Carrier; a != nil {
		m.carrier = &Carrier{*a, tenant.Secrets{Current: resolve("carrier.token", a.Token), Previous: previous("carrier.previous_token", a.PreviousToken)}}
	}
}

// checkDocuments reports a service without its document: its callers would
// be promised a text that cannot be sent.
func (r *Registry) checkDocuments(ctx context.Context, m *registered, problems *DocumentError) {
	check := func(path, name string) {
		if name == "" {
			return
		}
		if r.cfg.Documents == nil {
			problems.add(path, "names a file, and there is no folder of documents: set RegistryConfig.Documents, or leave it out")
			return
		}
		folder, err := followup.NewFolder(r.cfg.Documents, func(tenant.ID) string { return m.org.Key })
		if err != nil {
			problems.add(path, err.Error())
			return
		}
		file, err := folder.Open(ctx, m.org.ID, name)
		if err != nil {
			problems.add(path, fmt.Sprintf("is %q: no such PDF, PNG, JPEG or text file in the folder %s: add it, or leave it out", name, m.org.Key))
			return
		}
		file.Close()
	}
	for i, s := range m.doc.Services {
		check(fmt.Sprintf("services[%d].document", i), s.Document)
	}
	check("texts.fallback", m.doc.Texts.Fallback)
}

// Orgs returns the clinics, in the order of their source.
func (r *Registry) Orgs() []tenant.Org {
	members := r.current.Load().members
	orgs := make([]tenant.Org, len(members))
	for i, m := range members {
		orgs[i] = m.org
	}
	return orgs
}

// Clinic returns the document of a clinic. The error wraps
// [tenant.ErrUnknownOrg] if there is none. Do not change the document.
func (r *Registry) Clinic(_ context.Context, org tenant.ID) (*Clinic, error) {
	m, err := r.find(org)
	if err != nil {
		return nil, err
	}
	return m.doc, nil
}

// Carrier returns the account from which the clinic's texts are sent; ok is
// false if its document names no account.
func (r *Registry) Carrier(_ context.Context, org tenant.ID) (c Carrier, ok bool, err error) {
	m, err := r.find(org)
	if err != nil || m.carrier == nil {
		return Carrier{}, false, err
	}
	return *m.carrier, true, nil
}

func (r *Registry) find(org tenant.ID) (*registered, error) {
	if org.IsZero() {
		return nil, fmt.Errorf("callwaiting: %w", tenant.ErrNoOrg)
	}
	if m := r.current.Load().byID[org]; m != nil {
		return m, nil
	}
	return nil, fmt.Errorf("callwaiting: clinic %s: %w", org, tenant.ErrUnknownOrg)
}

// ByKey implements [tenant.Directory].
func (r *Registry) ByKey(_ context.Context, key string) (tenant.Org, tenant.Secrets, error) {
	m := r.current.Load().byKey[key]
	if m == nil {
		return tenant.Org{}, tenant.Secrets{}, tenant.ErrUnknownOrg
	}
	return m.org, m.secrets, nil
}

// ByPhoneNumberID implements [tenant.Directory].
func (r *Registry) ByPhoneNumberID(_ context.Context, id string) (tenant.ID, error) {
	return owner(r.current.Load().byPhoneNumber, id)
}

// ByAssistantID implements [tenant.Directory].
func (r *Registry) ByAssistantID(_ context.Context, id string) (tenant.ID, error) {
	return owner(r.current.Load().byAssistant, id)
}

func owner(owners map[string]tenant.ID, id string) (tenant.ID, error) {
	org, known := owners[id]
	if !known {
		return tenant.ID{}, tenant.ErrUnknownOrg
	}
	return org, nil
}

// Catalog implements [booking.Catalogs].
func (r *Registry) Catalog(_ context.Context, org tenant.ID) (*booking.Catalog, error) {
	m, err := r.find(org)
	if err != nil {
		return nil, err
	}
	return m.catalog, nil
}

// Settings implements [followup.SettingsSource].
func (r *Registry) Settings(_ context.Context, org tenant.ID) (*followup.Settings, error) {
	m, err := r.find(org)
	if err != nil {
		return nil, err
	}
	return m.settings, nil
}

// folderName returns the name of the folder of a clinic's documents.
func (r *Registry) folderName(org tenant.ID) string {
	if m := r.current.Load().byID[org]; m != nil {
		return m.org.Key
	}
	return ""
}
