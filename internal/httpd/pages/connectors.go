package pages

import (
	"errors"
	"strconv"

	"github.com/a-h/templ"

	"github.com/docketry/docketry/internal/connector"
	"github.com/docketry/docketry/internal/httpd"
	"github.com/docketry/docketry/internal/httpd/pages/format"
	"github.com/docketry/docketry/internal/httpd/pages/href"
	"github.com/docketry/docketry/internal/httpd/pages/layout"
	"github.com/docketry/docketry/internal/httpd/pages/partial"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/outbound/carry"
	"github.com/docketry/docketry/internal/portal"
	"github.com/docketry/docketry/internal/seal"
	"github.com/docketry/docketry/rbac"
)

// connectorPage is how files reach a receiver by themselves, with what was refused.
func (s *Site) connectorPage(r *httpd.Request, failed error) (templ.Component, error) {
	id, err := httpd.ID[ident.PortalID](r, "id")
	if err != nil {
		return nil, err
	}
	p, err := s.Portals.Get(r.Context(), id)
	if err != nil {
		return nil, err
	}
	c, err := s.Connectors.Get(r.Context(), id)
	if errors.Is(err, connector.ErrNotFound) {
		c, err = connector.Connector{Portal: id, Way: carry.SFTP, Port: 22, Method: "PUT", Auth: carry.Key}, nil
	}
	if err != nil {
		return nil, err
	}
	f, err := s.frame(r, "Connection", "portals")
	if err != nil {
		return nil, err
	}
	typed, port := c, ""
	if c.Port > 0 {
		port = strconv.Itoa(c.Port)
	}
	if failed != nil {
		typed, port = typedConnector(r, id).Connector, r.Form("port")
	}
	return Plain(f.Chrome, connectorView(f, p, c, typed, port, failed)), nil
}

// connectorView shows c; the form has what was typed.
func connectorView(f frame, p portal.Profile, c, typed connector.Connector, port string, failed error) PlainView {
	at := href.Connector(f.FirmID, p.ID)
	v := PlainView{Head: layout.Head{Title: "Connection", Crumbs: []partial.Link{{Text: "Receivers", Href: href.Portals(f.FirmID)}, {Text: p.Name, Href: href.Portal(f.FirmID, p.ID)}}},
		Lede: "How e-bills reach this receiver by themselves. The receiver gives the server, the place on it and what opens it."}
	way := "by download, until its page says otherwise"
	if p.Route == portal.RouteConnector {
		way = "by itself, through this connection"
	}
	facts := []partial.Fact{{Name: "A file goes", Value: way}}
	if c.Version > 0 {
		facts = append(facts, partial.Fact{Name: "Last try", Value: triedWords(f, c)}, partial.Fact{Name: "Set up", Value: format.Moment(c.ChangedAt.In(f.Zone)) + ", " + c.ChangedBy})
	}
	v.Sections = append(v.Sections, Section{Title: "How it stands", Facts: facts})
	if !f.May(rbac.ConnectorEdit) {
		if c.Version > 0 {
			v.Sections = append(v.Sections, Section{Title: "The connection", Facts: connectorFacts(c)})
		}
		return v
	}
	form := &partial.Form{Action: at, Version: c.Version, Submit: "Save connection", Cancel: href.Portal(f.FirmID, p.ID), Faults: partial.FaultsOf(failed), Problem: problemIn(failed), Fields: connectorFields(typed, port)}
	v.Sections = append(v.Sections, Section{Title: "The connection", Form: form})
	if c.Version == 0 {
		return v
	}
	v.Acts = []partial.Button{{Text: "Try the connection", Action: at + "/try", Icon: "bolt"}}
	if p.Route != portal.RouteConnector {
		v.Acts = append(v.Acts, partial.Button{Text: "Remove", Action: at + "/remove", Version: c.Version, Class: "danger"})
	}
	return v
}

// connectorFacts are for who reads only.
func connectorFacts(c connector.Connector) []partial.Fact {
	if c.Way == carry.SFTP {
		return []partial.Fact{{Name: "Server", Value: c.Host + ", port " + strconv.Itoa(c.Port)}, {Name: "Folder", Value: titled(c.Folder, "where the user begins")}, {Name: "Fingerprint of its key", Value: c.HostKey, Code: true}, {Name: "User", Value: c.User}}
	}
	return []partial.Fact{{Name: "Address", Value: c.Method + " " + c.URL}, {Name: "User", Value: titled(c.User, "none, a token")}}
}

// causeWords say what keeps a file from its receiver, and who must act.
var causeWords = map[carry.Cause]string{
	carry.Unreachable: "Its server did not answer. It may be down; if it stays so, ask the receiver",
	carry.Address:     "The address leads where no call may go. Correct the connection",
	carry.HostKey:     "The server showed another key than the one that was named. Ask the receiver before anything is changed",
	carry.Certificate: "Nobody vouches for the server’s certificate. Ask the receiver, or name its authority in the connection",
	carry.Credential:  "The server does not take the user or what opens it. Ask the receiver, then correct the connection",
	carry.Folder:      "The place is not there. Correct the folder or the address of the connection",
	carry.Permission:  "The server does not let us write there. Ask the receiver",
	carry.Collision:   "Another file of this name is there and was left as it is. Look at the receiver what it is",
	carry.ServerFault: "The server failed, such as on a full disk. Ask the receiver if it stays so",
	carry.Redirected:  "The server sends us to another address, which is not followed. Correct the connection",
	carry.Rejected:    "The server refused the file. Ask the receiver why",
	carry.CutShort:    "The connection ended before the server’s last word",
	"not_allowed":     "Who asked for it may not send e-bills any more. Somebody else sends it again",
	"credited":        "The invoice was credited meanwhile, so it was not sent",
	"altered":         "The file is not the one that was made, so it was not sent. Tell the operators",
	"closed":          "This receiver was closed meanwhile",
	"unset":           "Files do not go to this receiver by themselves any more. Set up its connection, or take the file there",
}

func triedWords(f frame, c connector.Connector) string {
	if c.TriedAt == nil {
		return "not tried since it was set up"
	}
	when := format.Moment(c.TriedAt.In(f.Zone))
	if c.Tried == connector.Works {
		return "It works, " + when + ". Nothing was written there."
	}
	return causeWords[carry.Cause(c.Tried)] + " (" + when + ")."
}

func connectorFields(c connector.Connector, port string) []partial.Field {
	const server, web, opens = "A server for files (SFTP)", "A web address (HTTPS)", "What opens it"
	return []partial.Field{
		{Name: "way", Label: "Reached by", Kind: partial.Select, Options: partial.Options(string(c.Way), string(carry.SFTP), "SFTP, a server for files", string(carry.HTTPS), "HTTPS, a web address"), Group: "Way"},
		{Name: "host", Label: "Server", Value: c.Host, Max: 253, Group: server, Hint: "Its name, such as files.receiver.example"},
		{Name: "port", Label: "Port", Kind: partial.Decimal, Value: port, Group: server, Hint: "22, or from 1024"},
		{Name: "folder", Label: "Folder", Value: c.Folder, Max: 300, Group: server, Hint: "Empty is where the user begins"},
		{Name: "host_key", Label: "Fingerprint of its key", Value: c.HostKey, Max: 60, Wide: true, Group: server, Hint: "SHA256:… as the receiver gives it. A server with another key is sent nothing"},
		{Name: "url", Label: "Address", Value: c.URL, Max: 500, Wide: true, Group: web, Hint: "https://, on port 443 of the public internet"},
		{Name: "method", Label: "Sent with", Kind: partial.Select, Options: partial.Options(c.Method, "PUT", "PUT, the file’s name behind the address", "POST", "POST to the address itself"), Group: web},
		{Name: "ca", Label: "Certificates of its authority", Kind: partial.Area, Rows: 3, Value: c.CA, Max: 20_000, Wide: true, Group: web, Hint: "PEM. Empty: the usual authorities vouch for it"},
		{Name: "auth", Label: "Opened by", Kind: partial.Select, Options: partial.Options(string(c.Auth), string(carry.Key), "Private key (SFTP)", string(carry.Password), "Password (SFTP)", string(carry.Bearer), "Token (HTTPS)", string(carry.Basic), "User and password (HTTPS)"), Group: opens},
		{Name: "user", Label: "User", Value: c.User, Max: 120, Group: opens, Hint: "None with a token"},
		{Name: httpd.SecretField, Label: "Key, password or token", Kind: partial.Password, Max: 16_000, Wide: true, Group: opens, Autocomplete: "new-password", Hint: "A private key with its first and last line. It is sealed and never shown, so it is typed again if your second factor is asked for. Empty keeps the one that is there, unless the server or the user changes"},
	}
}

func typedConnector(r *httpd.Request, id ident.PortalID) connector.Draft {
	return connector.Draft{Secret: seal.Secret(r.Form(httpd.SecretField)), Connector: connector.Connector{Portal: id, Way: carry.Way(r.Form("way")), Host: r.Form("host"), Port: r.FormInt("port"), Folder: r.Form("folder"), HostKey: r.Form("host_key"),
		URL: r.Form("url"), Method: r.Form("method"), CA: r.Form("ca"), User: r.Form("user"), Auth: carry.Auth(r.Form("auth")), Version: r.FormInt("version")}}
}

func (s *Site) saveConnector(r *httpd.Request) (httpd.Reply, error) {
	id, err := httpd.ID[ident.PortalID](r, "id")
	if err != nil {
		return httpd.Reply{}, err
	}
	if _, err := s.Connectors.Save(r.Context(), typedConnector(r, id)); err != nil {
		return again(err, func() (templ.Component, error) { return s.connectorPage(r, err) })
	}
	return httpd.Go(href.Connector(r.Firm(), id), "Connection saved. Try it, then let files go through it on the receiver’s page."), nil
}

func (s *Site) tryConnector(r *httpd.Request) (httpd.Reply, error) {
	id, err := httpd.ID[ident.PortalID](r, "id")
	if err != nil {
		return httpd.Reply{}, err
	}
	c, err := s.Connectors.Try(r.Context(), id)
	if err != nil {
		return httpd.Reply{}, err
	}
	said := "The connection works. Nothing was written there."
	if c.Tried != connector.Works {
		said = "The connection does not work; why stands below."
	}
	return httpd.Go(href.Connector(r.Firm(), id), said), nil
}

func (s *Site) removeConnector(r *httpd.Request) (httpd.Reply, error) {
	id, err := httpd.ID[ident.PortalID](r, "id")
	if err != nil {
		return httpd.Reply{}, err
	}
	if err := s.Connectors.Remove(r.Context(), id, r.FormInt("version")); err != nil {
		return httpd.Reply{}, err
	}
	return httpd.Go(href.Portal(r.Firm(), id), "The connection is forgotten, with what opened it."), nil
}
