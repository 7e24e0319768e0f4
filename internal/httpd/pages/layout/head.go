package layout

import (
	"github.com/docketry/docketry/internal/httpd/pages/partial"
)

// Head is the top of a page: where it stands, its one h1, what to know, what to do.
type Head struct {
	Crumbs []partial.Link // the last one without Href is the page's place
	Firm   *partial.Firm  // shown among the crumbs where the spine is not
	Title  string
}
