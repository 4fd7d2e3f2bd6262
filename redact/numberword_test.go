package redact

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestText_numberWord(t *testing.T) {
	t.Parallel()
	text := NewText("double oh seven twenty 42 fifteenth cat")
	for i, want := range []numberWord{
		{value: 2, kind: numRepeat}, {value: 0, kind: numUnits}, {value: 7, kind: numUnits},
		{value: 20, kind: numTens}, {kind: numFigures}, {value: 15, kind: numOrdinal}, {},
	} {
		require.Equal(t, want, text.numberWord(i), text.Word(i))
	}
}
