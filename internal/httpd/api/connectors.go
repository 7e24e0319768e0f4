package api

import (
	"context"
	"time"

	"github.com/docketry/docketry/internal/connector"
	"github.com/docketry/docketry/internal/httpd"
	"github.com/docketry/docketry/internal/ident"
	"github.com/docketry/docketry/internal/outbound/carry"
	"github.com/docketry/docketry/internal/seal"
	"github.com/docketry/docketry/rbac"
)

type connectors interface {
	Get(ctx context.Context, id ident.PortalID) (connector.Connector, error)
	Save(ctx context.Context, d connector.Draft) (connector.Connector, error)
	Try(ctx context.Context, id ident.PortalID) (connector.Connector, error)
	Remove(ctx context.Context, id ident.PortalID, version int) error
}

// Connector is how files reach a receiver by themselves. What opens its server is never told.
type Connector struct {
	Portal    ident.PortalID `json:"portal_id" class:"C1"`
	Way       carry.Way      `json:"way" class:"C1" enum:"sftp,https"`
	Host      string         `json:"host,omitempty" class:"C1"`
	Port      int            `json:"port,omitempty" class:"C1"`
	Folder    string         `json:"folder,omitempty" class:"C1"`
	HostKey   string         `json:"host_key,omitempty" class:"C1" doc:"fingerprint of the one key that is believed"`
	URL       string         `json:"url,omitempty" class:"C1"`
	Method    string         `json:"method,omitempty" class:"C1" enum:"PUT,POST"`
	CA        string         `json:"ca,omitempty" class:"C1" doc:"certificates, PEM"`
	User      string         `json:"user,omitempty" class:"C1"`
	Auth      carry.Auth     `json:"auth" class:"C1" enum:"key,password,bearer,basic"`
	TriedAt   *time.Time     `json:"tried_at,omitempty" class:"C1"`
	Tried     string         `json:"tried,omitempty" class:"C1" doc:"ok, or why it does not work"`
	ChangedBy string         `json:"changed_by,omitempty" class:"C1"`
	ChangedAt time.Time      `json:"changed_at" class:"C1"`
	Version   int            `json:"version" class:"C1"`
}

func toConnector(c connector.Connector) Connector {
	return Connector{c.Portal, c.Way, c.Host, c.Port, c.Folder, c.HostKey, c.URL, c.Method, c.CA, c.User, c.Auth, utc(c.TriedAt), c.Tried, c.ChangedBy, c.ChangedAt.UTC(), c.Version}
}

// ConnectorBody is what may be said of one.
type ConnectorBody struct {
	Way     carry.Way  `json:"way" enum:"sftp,https"`
	Host    string     `json:"host,omitempty" maxLength:"253" doc:"of sftp, with port, folder and host_key"`
	Port    int        `json:"port,omitempty" minimum:"0" maximum:"65535" doc:"22 or from 1024; left out: 22"`
	Folder  string     `json:"folder,omitempty" maxLength:"300" doc:"left out: where the user begins"`
	HostKey string     `json:"host_key,omitempty" maxLength:"60" doc:"SHA256 fingerprint of the server's key, from the receiver"`
	URL     string     `json:"url,omitempty" maxLength:"500" doc:"of https, with method and ca"`
	Method  string     `json:"method,omitempty" enum:"PUT,POST" doc:"PUT adds the file's name to the url"`
	CA      string     `json:"ca,omitempty" maxLength:"20000" doc:"PEM certificates that vouch for the server instead of the usual authorities"`
	User    string     `json:"user,omitempty" maxLength:"120" doc:"none for bearer"`
	Auth    carry.Auth `json:"auth" enum:"key,password,bearer,basic" doc:"key or password for sftp, bearer or basic for https"`
	Secret  string     `json:"secret,omitempty" maxLength:"16000" doc:"private key, password or token; left out: the one that is there, which a change of the place does not keep"`
}

func (b ConnectorBody) to(id ident.PortalID, version int) connector.Draft {
	return connector.Draft{Secret: seal.Secret(b.Secret), Connector: connector.Connector{Portal: id, Way: b.Way, Host: b.Host, Port: b.Port, Folder: b.Folder, HostKey: b.HostKey,
		URL: b.URL, Method: b.Method, CA: b.CA, User: b.User, Auth: b.Auth, Version: version}}
}

// Connectors mounts how files reach receivers by themselves.
func Connectors(s *httpd.Server, v connectors) {
	httpd.API(s, httpd.Op{Method: "GET", Path: "/firms/{firm}/portals/{id}/connector", Needs: rbac.PortalRead, Summary: "How files reach a receiver by themselves"},
		func(ctx context.Context, in *ByID) (*One[Connector], error) {
			id, err := idOf[ident.PortalID](in.ID)
			if err != nil {
				return nil, err
			}
			c, err := v.Get(ctx, id)
			return versioned(toConnector(c), c.Version, err)
		})
	httpd.API(s, httpd.Op{Method: "PUT", Path: "/firms/{firm}/portals/{id}/connector", Needs: rbac.ConnectorEdit, Summary: "Say how files reach a receiver by themselves; version 0 for the first time"},
		func(ctx context.Context, in *struct {
			Changing
			Body ConnectorBody
		}) (*One[Connector], error) {
			id, version, err := changing[ident.PortalID](in.Changing)
			if err != nil {
				return nil, err
			}
			c, err := v.Save(ctx, in.Body.to(id, version))
			return versioned(toConnector(c), c.Version, err)
		})
	httpd.API(s, httpd.Op{Method: "POST", Path: "/firms/{firm}/portals/{id}/connector/try", Needs: rbac.ConnectorEdit, Summary: "Connect to a receiver's server and look at the place, without writing anything"},
		func(ctx context.Context, in *ByID) (*One[Connector], error) {
			id, err := idOf[ident.PortalID](in.ID)
			if err != nil {
				return nil, err
			}
			c, err := v.Try(ctx, id)
			return versioned(toConnector(c), c.Version, err)
		})
	httpd.API(s, httpd.Op{Method: "POST", Path: "/firms/{firm}/portals/{id}/connector/remove", Needs: rbac.ConnectorEdit, Summary: "Forget how a receiver is reached, and what opened its server", Status: 204},
		func(ctx context.Context, in *Changing) (*Empty, error) {
			id, version, err := changing[ident.PortalID](*in)
			if err != nil {
				return nil, err
			}
			return done(v.Remove(ctx, id, version))
		})
}
