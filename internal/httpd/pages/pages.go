// Package pages is the HTML of the product: one struct per page with everything
// it shows (<noun>_view.go) and the template that places it (<noun>.templ). Views
// hold values, and package format writes them; templates decide nothing. Handlers
// fill a view, render it into a buffer and send it:
//
//	pages.Queue(chrome, view).Render(ctx, &buf)
//
// Every act is a link or a form with csrf and, where something is edited, the
// version the person saw, so each page works without script. Addresses come from
// package href. Instants in a view are in the zone they are to be read in.
package pages
