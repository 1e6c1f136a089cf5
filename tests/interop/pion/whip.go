package main

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"strings"
)

const fragmentType = "application/trickle-ice-sdpfrag"

// resource is a WHIP session at the server (RFC 9725).
type resource struct {
	endpoint, token string
	location, etag  string
}

// create posts the offer and gives the answer (RFC 9725 §4.2).
func (r *resource) create(offer string) (string, error) {
	response, body, err := r.send(http.MethodPost, r.endpoint, "application/sdp", "", offer)
	if err != nil {
		return "", err
	}
	base, err := url.Parse(r.endpoint)
	if err != nil {
		return "", err
	}
	location, err := base.Parse(response.Header.Get("Location"))
	if err != nil {
		return "", err
	}
	r.location, r.etag = location.String(), response.Header.Get("ETag")
	return body, nil
}

// trickle sends candidates of the current ICE session (RFC 9725 §4.3.2).
func (r *resource) trickle(fragment string) error {
	_, _, err := r.send(http.MethodPatch, r.location, fragmentType, r.etag, fragment)
	return err
}

// restart sends new credentials and gives the server's (RFC 9725 §4.3.3).
func (r *resource) restart(fragment string) (string, error) {
	response, body, err := r.send(http.MethodPatch, r.location, fragmentType, "*", fragment)
	if err == nil {
		r.etag = response.Header.Get("ETag")
	}
	return body, err
}

func (r *resource) remove() error {
	_, _, err := r.send(http.MethodDelete, r.location, "", "", "")
	return err
}

func (r *resource) send(method, url, media, match, body string) (*http.Response, string, error) {
	request, err := http.NewRequest(method, url, bytes.NewBufferString(body))
	if err != nil {
		return nil, "", err
	}
	for name, value := range map[string]string{"Content-Type": media, "If-Match": match} {
		if value != "" {
			request.Header.Set(name, value)
		}
	}
	if r.token != "" {
		request.Header.Set("Authorization", "Bearer "+r.token)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return nil, "", err
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		return nil, "", err
	}
	if response.StatusCode/100 != 2 {
		return nil, "", fmt.Errorf("%s %s: %s %s", method, url, response.Status, text)
	}
	return response, string(text), nil
}

var iceLine = regexp.MustCompile(`(?m)^a=(ice-ufrag|ice-pwd|candidate|end-of-candidates).*\r?\n`)

// fragment takes what RFC 8840 §9 lets one send of a whole description.
func fragment(description string) string {
	var credentials, media, candidates []string
	seen := map[string]bool{}
	for _, line := range strings.Split(strings.ReplaceAll(description, "\r\n", "\n"), "\n") {
		name, _, _ := strings.Cut(line, ":")
		first := !seen[name]
		switch {
		case (name == "a=ice-ufrag" || name == "a=ice-pwd") && first:
			credentials = append(credentials, line)
		case strings.HasPrefix(line, "m=") && len(media) == 0, name == "a=mid" && first:
			media = append(media, line)
		case name == "a=candidate" && !seen[line]:
			candidates = append(candidates, line)
		}
		seen[name], seen[line] = true, true
	}
	all := append(append(append(credentials, media...), candidates...), "a=end-of-candidates")
	return strings.Join(all, "\r\n") + "\r\n"
}

// renewed is the earlier answer with the credentials and candidates of a fragment.
func renewed(answer, fragment string) string {
	own := strings.Join(iceLine.FindAllString(fragment, -1), "")
	stripped := iceLine.ReplaceAllString(answer, "")
	mid := regexp.MustCompile(`(?m)^a=mid:.*\r?\n`)
	return mid.ReplaceAllStringFunc(stripped, func(line string) string { return line + own })
}
