// Package setting reads an example's settings: from the environment, or from
// a flag of the same name in lower case with dashes, which wins.
package setting

import (
	"cmp"
	"flag"
	"os"
	"strings"
)

// String defines the setting name, such as DATABASE_URL, and its flag. The value
// in the environment is not shown as the flag's default: it may be a secret.
func String(flags *flag.FlagSet, name, fallback, usage string) *string {
	value := flags.String(strings.ReplaceAll(strings.ToLower(name), "_", "-"), fallback, usage)
	*value = cmp.Or(os.Getenv(name), fallback)
	return value
}
