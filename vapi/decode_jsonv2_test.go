//go:build goexperiment.jsonv2

package vapi_test

import "encoding/json/v2"

func init() {
	unmarshalV2 = func(data []byte, into any) error {
		return json.Unmarshal(data, into, json.MatchCaseInsensitiveNames(true))
	}
}
