package main

import "testing"

func TestElementsAreCutWhereTheyEnd(t *testing.T) {
	for text, length := range map[string]int{
		"":                 0,
		"<a":               0,
		"<a/>":             4,
		"<a><b/></a><c/>":  11,
		"<a><b></a>":       0,
		`<a b='>'/>rest`:   10,
		`<a b="</a>"></a>`: 16,
		"<?xml version='1.0'?><stream:stream x='1'>": 42,
		" \n<a>&lt;</a>": 13,
	} {
		if n, ended := elementLength([]byte(text)); n != length || ended {
			t.Errorf("%q: %d, %v, not %d", text, n, ended, length)
		}
	}
	if _, ended := elementLength([]byte("</stream:stream>")); !ended {
		t.Error("the end of a stream is not seen")
	}
}

func TestAttributesOfChallenges(t *testing.T) {
	challenge := "r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j,s=QSXCR+Q6sek8bf92,i=4096"
	if s := attribute(challenge, "s"); s != "QSXCR+Q6sek8bf92" {
		t.Error(s)
	}
	if x := attribute(challenge, "x"); x != "" {
		t.Error(x)
	}
}
