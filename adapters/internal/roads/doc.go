// Package roads measures how far a request travels: its test prints every
// frame of this module between the HTTP handler and the SQL, on a real
// PostgreSQL server.
package roads
