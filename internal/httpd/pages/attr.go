package pages

import "github.com/a-h/templ"

// currentIf marks the choice that is in force among links.
func currentIf(on bool) templ.Attributes {
	if on {
		return templ.Attributes{"aria-current": "true"}
	}
	return nil
}

// openIf opens a details element at once.
func openIf(on bool) templ.Attributes {
	if on {
		return templ.Attributes{"open": true}
	}
	return nil
}

// idIf gives an element a name that links can lead to.
func idIf(id string) templ.Attributes {
	if id == "" {
		return nil
	}
	return templ.Attributes{"id": id}
}

// offIf switches a button off; the words with the id why-off say why.
func offIf(off bool) templ.Attributes {
	if off {
		return templ.Attributes{"disabled": true, "aria-describedby": "why-off"}
	}
	return nil
}

// offID is the id of the words that say why a button is off, "" when it is not.
func offID(why string) string {
	if why == "" {
		return ""
	}
	return "why-off"
}
