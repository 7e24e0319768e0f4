package rbac

import (
	"slices"
	"strings"
)

// Role is what a grant makes of a person in one firm (DESIGN 4).
type Role string

// The bureau's roles, a firm's roles, and machinery, which no grant names.
const (
	RoleBureauAdmin    Role = "bureau_admin"
	RoleTeamLead       Role = "team_lead"
	RoleSpecialist     Role = "specialist"
	RoleQualityAuditor Role = "quality_auditor"
	RoleTrainee        Role = "trainee"
	RoleBreakGlass     Role = "break_glass" // an administrator of the bureau, for an hour, to look only (SECURITY T34)
	RoleFirmAdmin      Role = "firm_admin"
	RolePartner        Role = "partner"
	RoleTimekeeper     Role = "timekeeper"
	RoleMachine        Role = "machine"
)

// Roles lists them in the order of DESIGN 4, machinery last.
func Roles() []Role {
	return []Role{RoleBureauAdmin, RoleTeamLead, RoleSpecialist, RoleQualityAuditor, RoleTrainee, RoleBreakGlass,
		RoleFirmAdmin, RolePartner, RoleTimekeeper, RoleMachine}
}

// OfBureau tells whether r is held by the bureau's own people.
func (r Role) OfBureau() bool {
	return strings.HasPrefix(string(r), prefixStaff) || slices.Contains([]Role{RoleBureauAdmin, RoleTeamLead, RoleSpecialist, RoleQualityAuditor, RoleTrainee, RoleBreakGlass}, r)
}

// OwnOnly tells whether r reaches a person's own entries and nothing else of a matter.
func (r Role) OwnOnly() bool { return r == RoleTimekeeper }

// Says names the role as pages do.
func (r Role) Says() string {
	says, ok := map[Role]string{
		RoleBureauAdmin: "Bureau administrator", RoleTeamLead: "Team lead", RoleSpecialist: "Billing specialist",
		RoleQualityAuditor: "Quality auditor", RoleTrainee: "Trainee", RoleBreakGlass: "Emergency access", RoleFirmAdmin: "Firm administrator",
		RolePartner: "Partner", RoleTimekeeper: "Timekeeper", RoleMachine: "Docketry",
	}[r]
	if !ok {
		return string(r)
	}
	return says
}
