package pgxstore

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
)

// Open returns a pool with the configuration of [PoolConfig]. It connects on
// first use.
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
// configuration of a pool that suits a [Store]. Settings of the URL win;
// connect_timeout defaults to 5 seconds and application_name to callwaiting.
//
// A connection is not pinged before it is used, which would double the round
// trips of a clinic with few calls. Instead the socket is peeked at, without a
// byte on the wire, for the server's end of the connection.
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

// NoPing is a ShouldPing of a pool that never pings.
func NoPing(context.Context, pgxpool.ShouldPingParams) bool { return false }

// Alive is a PrepareConn of a pool. It discards a connection that the server has
// closed, or on which it has sent unexpected data, such as the notice of a
// shutdown.
func Alive(_ context.Context, conn *pgx.Conn) (bool, error) {
	return idle(conn.PgConn().Conn()), nil
}
