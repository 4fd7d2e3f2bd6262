package pgxstore

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
)

// Open returns a pool of connections as [PoolConfig] describes it. It connects
// on first use.
func Open(ctx context.Context, databaseURL string) (*pgxpool.Pool, error) {
	config, err := PoolConfig(databaseURL)
	if err != nil {
		return nil, err
	}
	pool, err := pgxpool.NewWithConfig(ctx, config)
	if err != nil {
		return nil, fmt.Errorf("pgxstore: %w", err)
	}
	return pool, nil
}

// PoolConfig reads a database URL, or a keyword=value string, into the
// configuration of a pool that suits a [Store]. The URL decides; where it says
// nothing, connecting takes at most 5 seconds and the application is called
// callwaiting.
//
// A connection is not pinged before it is used, which would double the round
// trips of a phone line that rings now and then. Instead the socket is asked,
// without a byte on the wire, whether the server has closed it.
func PoolConfig(databaseURL string) (*pgxpool.Config, error) {
	config, err := pgxpool.ParseConfig(databaseURL)
	if err != nil {
		return nil, fmt.Errorf("pgxstore: %w", err) // pgx leaves the password out
	}
	if config.ConnConfig.ConnectTimeout == 0 {
		config.ConnConfig.ConnectTimeout = 5 * time.Second
	}
	if config.ConnConfig.RuntimeParams["application_name"] == "" {
		config.ConnConfig.RuntimeParams["application_name"] = "callwaiting"
	}
	config.ShouldPing = NoPing
	config.PrepareConn = Alive
	return config, nil
}

// NoPing is for the ShouldPing of a pool: never.
func NoPing(context.Context, pgxpool.ShouldPingParams) bool { return false }

// Alive is for the PrepareConn of a pool. It discards a connection whose
// socket the server has closed, or has said something on that nobody asked
// for, such as that it is shutting down.
func Alive(_ context.Context, conn *pgx.Conn) (bool, error) {
	return quiet(conn.PgConn().Conn()), nil
}
