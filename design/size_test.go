package design_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"drydock/design"
)

func TestParseSizeReadsEveryUnit(t *testing.T) {
	for text, bytes := range map[string]int64{
		"1m": 1e6, "1M": 1e6, "1mb": 1e6, "1MB": 1e6, "1Mb": 1e6, "1mB": 1e6, "1mi": 1 << 20, "1Mi": 1 << 20, "1mib": 1 << 20, "1MiB": 1 << 20,
		"2g": 2e9, "2G": 2e9, "2gb": 2e9, "2GB": 2e9, "2Gb": 2e9, "2gi": 2 << 30, "2GiB": 2 << 30, "2GIB": 2 << 30,
		"3t": 3e12, "3TB": 3e12, "3ti": 3 << 40, "3TiB": 3 << 40, " 20 g ": 20e9,
	} {
		s, err := design.ParseSize(text)
		require.NoError(t, err, text)
		assert.Equal(t, design.Size{Text: text, Bytes: bytes}, s)
	}
	s, err := design.ParseSize(">30g")
	require.NoError(t, err)
	assert.Equal(t, design.Size{Text: ">30g", Bytes: 30e9, AtLeast: true}, s)
	s, err = design.ParseSize(">50%")
	require.NoError(t, err)
	assert.Equal(t, design.Size{Text: ">50%", Percent: 50, AtLeast: true}, s)
	for _, text := range []string{"", "20", "g", "-1g", "1.5g", "<1g", "1k", "1gbit", "0g", "0%", "101%", "99999999t", "9999999999999999999g", "1g 2g", ">>1g"} {
		_, err := design.ParseSize(text)
		assert.ErrorContains(t, err, "read size", text)
	}
}

func TestResolve(t *testing.T) {
	const gb = int64(1e9)
	tests := map[string]struct {
		size        string
		total, free int64
		want        int64
		fails       []string
	}{
		"an amount is itself":                            {"20g", 100 * gb, 50 * gb, 20 * gb, nil},
		"an amount may take all":                         {"20g", 20 * gb, 20 * gb, 20 * gb, nil},
		"an amount must fit":                             {"20g", 20 * gb, 20*gb - 1, 0, []string{"20000000000", "19999999999"}},
		"a share is of the total, rounded down":          {"33%", 1001, 1001, 330, nil},
		"a share of a large disk does not overflow":      {"99%", 1 << 62, 1 << 62, (1<<62)/100*99 + (1<<62)%100*99/100, nil},
		"a share must fit":                               {"60%", 100 * gb, 50 * gb, 0, []string{"60000000000", "50000000000"}},
		"at least takes all that is free but 4 MiB":      {">10g", 100 * gb, 50 * gb, 50*gb - 4194304, nil},
		"at least may be met exactly":                    {">10g", 100 * gb, 10*gb + 4194304, 10 * gb, nil},
		"at least must fit beside the 4 MiB":             {">10g", 100 * gb, 10*gb + 4194303, 0, []string{"10000000000", "10004194303"}},
		"at least a share":                               {">50%", 100 * gb, 60 * gb, 60*gb - 4194304, nil},
		"at least nothing is all that is free":           {">0g", 100 * gb, 5 * gb, 5*gb - 4194304, nil},
		"at least nothing of nothing does not come to 0": {">0g", 100 * gb, 4194304, 0, []string{"4194304"}},
		"negative room can't be":                         {"1g", 100 * gb, -1, 0, []string{"-1"}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			s, err := design.ParseSize(test.size)
			require.NoError(t, err)
			got, err := s.Resolve(test.total, test.free)
			for _, part := range test.fails {
				assert.ErrorContains(t, err, part)
			}
			if test.fails == nil {
				require.NoError(t, err)
			}
			assert.Equal(t, test.want, got)
		})
	}
	_, err := design.Size{}.Resolve(1, 1)
	assert.Error(t, err)
}
