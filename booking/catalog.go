package booking

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/callwaiting-ai/callwaiting/booking/schedule"
	"github.com/callwaiting-ai/callwaiting/tenant"
	"github.com/callwaiting-ai/callwaiting/tenant/walltime"
)

// Catalogs finds a clinic's catalog. A [Service] calls it on every request, so
// an implementation that reads a database should cache. It must be safe for
// concurrent use.
type Catalogs interface {
	// Catalog returns the clinic's catalog. The error wraps
	// [tenant.ErrUnknownOrg] for a clinic without a catalog.
	Catalog(ctx context.Context, org tenant.ID) (*Catalog, error)
}

// StaticCatalogs are catalogs that do not change while the program runs.
type StaticCatalogs map[tenant.ID]*Catalog

// Catalog implements [Catalogs].
func (s StaticCatalogs) Catalog(_ context.Context, org tenant.ID) (*Catalog, error) {
	if c := s[org]; c != nil {
		return c, nil
	}
	return nil, fmt.Errorf("booking: no catalog for %s: %w", org, tenant.ErrUnknownOrg)
}

// CatalogConfig describes the offer of a clinic. Zone, Hours, Resources and
// Services are required.
type CatalogConfig struct {
	// Zone is the clinic's IANA zone, the one of its [tenant.Org]. All wall
	// times of the catalog are in it.
	Zone *time.Location

	// Hours are the opening hours. Appointments lie inside them; buffers may
	// reach outside.
	Hours schedule.Hours

	Resources []Resource
	Services  []ServiceType

	// Grid is the distance between two starts, counted from each opening.
	//
	// Defaults to 15 minutes.
	Grid time.Duration

	// MinNotice is the shortest time from booking to start.
	//
	// Default: an appointment may start at once.
	MinNotice time.Duration

	// Window is the longest time from booking to start.
	//
	// Defaults to 90 days; at most two years.
	Window time.Duration
}

// Resource can be occupied by a booking: a practitioner, a room, a device.
type Resource struct {
	ID   ResourceID
	Name string // as spoken: "Dr Patel"

	// Capacity is the number of appointments it can take at one time.
	//
	// Defaults to 1; at most 100.
	Capacity int

	// Hours are the working hours of the resource, inside the clinic's hours.
	//
	// Default: whenever the clinic is open.
	Hours *schedule.Hours

	// Off lists absences within Hours.
	Off []TimeOff
}

// TimeOff is an absence in wall time, from From until To.
type TimeOff struct{ From, To LocalTime }

// LocalTime is a wall time in the clinic's zone.
type LocalTime struct {
	Date schedule.Date
	Time schedule.TimeOfDay
}

// ServiceType is a type of appointment, such as "Botox consultation".
type ServiceType struct {
	ID      ServiceID
	Name    string   // as spoken
	Aliases []string // other words callers use for it

	Duration      time.Duration // whole minutes
	Before, After time.Duration // buffers that are kept free as well

	// Needs must all be met: a practitioner and a room.
	Needs []Need

	Price    string // as spoken, such as "£120"; empty: not published
	Document string // plain file name of the procedure's document; empty: no document
}

// Need is met by any one of its resources; the first that is free is taken.
type Need []ResourceID

// Catalog is a checked [CatalogConfig]. It does not change, and is safe for
// concurrent use.
type Catalog struct {
	zone      *time.Location
	rules     *schedule.Rules
	grid      time.Duration
	notice    time.Duration
	window    time.Duration
	resources map[ResourceID]*resource
	services  []*service
	byID      map[ServiceID]*service
}

type resource struct {
	Resource
	rules *schedule.Rules // nil: whenever the clinic is open
	off   []schedule.Span // by start
}

type service struct {
	ServiceType
	needs   [][]*resource // the narrowest first, as Claim.Needs must be
	order   []int         // needs[i] is ServiceType.Needs[order[i]]
	all     []ResourceID  // of all needs, sorted, once each
	overlap bool          // some needs share resources
}

// NewCatalog checks cfg and returns its catalog. The error is an
// [*InvalidError] that names the first invalid field, such as
// "CatalogConfig.Services[2].Needs[0]", and the fix. The catalog keeps a copy
// of cfg.
func NewCatalog(cfg CatalogConfig) (*Catalog, error) {
	c := &Catalog{
		zone:      cfg.Zone,
		grid:      cmp.Or(cfg.Grid, 15*time.Minute),
		notice:    cfg.MinNotice,
		window:    cmp.Or(cfg.Window, 90*24*time.Hour),
		resources: make(map[ResourceID]*resource),
		byID:      make(map[ServiceID]*service),
	}
	switch {
	case c.zone == nil || c.zone == time.Local:
		return nil, invalid("Zone", "is missing: load the clinic's IANA zone with time.LoadLocation")
	case c.grid < time.Minute || c.grid%time.Minute != 0:
		return nil, invalid("Grid", "is %v: use whole minutes", c.grid)
	case c.notice < 0:
		return nil, invalid("MinNotice", "is %v: use 0 or more", c.notice)
	case c.window <= c.notice || c.window > 2*366*24*time.Hour:
		return nil, invalid("Window", "is %v: use more than the minimum notice and at most two years", c.window)
	case len(cfg.Resources) == 0:
		return nil, invalid("Resources", "is empty: name the practitioners, rooms and devices that can be booked")
	case len(cfg.Services) == 0:
		return nil, invalid("Services", "is empty: name the types of appointment that can be booked")
	}
	var err error
	if c.rules, err = schedule.Compile(cfg.Hours, c.zone); err != nil {
		return nil, invalidHours("Hours", err)
	}
	for i, r := range cfg.Resources {
		if err := c.addResource(fmt.Sprintf("Resources[%d]", i), r); err != nil {
			return nil, err
		}
	}
	for i, s := range cfg.Services {
		if err := c.addService(fmt.Sprintf("Services[%d]", i), s); err != nil {
			return nil, err
		}
	}
	return c, nil
}

func (c *Catalog) addResource(field string, r Resource) error {
	r.Capacity = cmp.Or(r.Capacity, 1)
	switch {
	case !tenant.ValidKey(string(r.ID)):
		return invalid(field+".ID", "is not a key: use 1 to 64 of a-z, 0-9, '-' and '_'")
	case c.resources[r.ID] != nil:
		return invalid(field+".ID", "%q is the id of an earlier resource too: give each its own", r.ID)
	case r.Name == "":
		return invalid(field+".Name", "is empty: give the name a caller hears")
	case r.Capacity < 1 || r.Capacity > 100:
		return invalid(field+".Capacity", "is %d: use 1 to 100", r.Capacity)
	}
	made := &resource{Resource: r}
	if r.Hours != nil {
		rules, err := schedule.Compile(*r.Hours, c.zone)
		if err != nil {
			return invalidHours(field+".Hours", err)
		}
		made.rules = rules
	}
	for i, off := range r.Off {
		from, _ := schedule.Resolve(c.zone, off.From.Date, off.From.Time)
		to, _ := schedule.Resolve(c.zone, off.To.Date, off.To.Time)
		if !from.Before(to) {
			return invalid(fmt.Sprintf("%s.Off[%d]", field, i), "ends before it begins: put To after From")
		}
		made.off = append(made.off, schedule.Span{Start: from.Unix(), End: to.Unix()})
	}
	slices.SortFunc(made.off, func(a, b schedule.Span) int { return cmp.Compare(a.Start, b.Start) })
	c.resources[r.ID] = made
	return nil
}

func (c *Catalog) addService(field string, s ServiceType) error {
	switch {
	case !tenant.ValidKey(string(s.ID)):
		return invalid(field+".ID", "is not a key: use 1 to 64 of a-z, 0-9, '-' and '_'")
	case c.byID[s.ID] != nil:
		return invalid(field+".ID", "%q is the id of an earlier service too: give each its own", s.ID)
	case s.Name == "":
		return invalid(field+".Name", "is empty: give the name a caller hears")
	case s.Duration < time.Minute || s.Duration > 24*time.Hour || s.Duration%time.Minute != 0:
		return invalid(field+".Duration", "is %v: use whole minutes, at most 24 hours", s.Duration)
	case s.Before < 0 || s.Before%time.Minute != 0:
		return invalid(field+".Before", "is %v: use whole minutes, 0 or more", s.Before)
	case s.After < 0 || s.After%time.Minute != 0:
		return invalid(field+".After", "is %v: use whole minutes, 0 or more", s.After)
	case strings.ContainsAny(s.Document, `/\:`) || strings.HasPrefix(s.Document, "."):
		return invalid(field+".Document", "is not a plain name: name a file, without a folder")
	case len(s.Needs) == 0:
		return invalid(field+".Needs", "is empty: name the resources it occupies")
	}
	made := &service{ServiceType: s}
	made.Needs = slices.Clone(s.Needs)
	made.Aliases = slices.Clone(s.Aliases)
	for i := range made.Needs {
		made.order = append(made.order, i)
	}
	slices.SortStableFunc(made.order, func(a, b int) int { return cmp.Compare(len(s.Needs[a]), len(s.Needs[b])) })
	for _, i := range made.order {
		need := fmt.Sprintf("%s.Needs[%d]", field, i)
		var any []*resource
		for _, id := range s.Needs[i] {
			r := c.resources[id]
			if r == nil {
				return invalid(need, "no resource %q: use one of %s", id, c.resourceIDs())
			}
			if slices.Contains(any, r) {
				return invalid(need, "names %q twice: remove one", id)
			}
			any = append(any, r)
			made.all = append(made.all, id)
		}
		if len(any) == 0 {
			return invalid(need, "is empty: name the resources that can meet it")
		}
		for _, narrower := range made.needs {
			switch shared := countShared(narrower, any); {
			case shared == 0:
			case shared < len(narrower):
				return invalid(need, "shares some resources with another need: make one a part of the other, or keep them apart")
			default:
				made.overlap = true
			}
		}
		made.needs = append(made.needs, any)
	}
	slices.Sort(made.all)
	made.all = slices.Compact(made.all)
	c.services = append(c.services, made)
	c.byID[s.ID] = made
	return nil
}

// invalid returns the error for a field of a [CatalogConfig].
func invalid(field, problem string, args ...any) error {
	return &InvalidError{"CatalogConfig." + field, fmt.Sprintf(problem, args...)}
}

// invalidHours returns the error of [schedule.Compile] for opening hours that
// are a field of a [CatalogConfig]; err begins with the day.
func invalidHours(field string, err error) error {
	day, problem, _ := strings.Cut(strings.TrimPrefix(err.Error(), "schedule: "), ": ")
	return invalid(field+"."+day, "%s", problem)
}

// resourceIDs lists the resources for an error message.
func (c *Catalog) resourceIDs() string {
	var ids []string
	for id := range c.resources {
		ids = append(ids, string(id))
	}
	slices.Sort(ids)
	return strings.Join(ids, ", ")
}

func countShared(a, b []*resource) (n int) {
	for _, r := range a {
		if slices.Contains(b, r) {
			n++
		}
	}
	return n
}

// Zone is the clinic's zone.
func (c *Catalog) Zone() *time.Location { return c.zone }

// Services returns the service types in the order of the configuration.
func (c *Catalog) Services() []ServiceType {
	all := make([]ServiceType, len(c.services))
	for i, s := range c.services {
		all[i] = s.ServiceType
	}
	return all
}

// Service returns the service type with the given id.
func (c *Catalog) Service(id ServiceID) (ServiceType, bool) {
	if s := c.byID[id]; s != nil {
		return s.ServiceType, true
	}
	return ServiceType{}, false
}

// Resource returns the resource with the given id.
func (c *Catalog) Resource(id ResourceID) (Resource, bool) {
	if r := c.resources[id]; r != nil {
		return r.Resource, true
	}
	return Resource{}, false
}

// At returns the instant that a wall time means at the clinic, by
// [schedule.Resolve] in the clinic's zone, and how often the clinic's clock
// shows it that day.
func (c *Catalog) At(d schedule.Date, t schedule.TimeOfDay) (time.Time, walltime.Occurrence) {
	return schedule.Resolve(c.zone, d, t)
}
