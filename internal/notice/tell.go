package notice

import (
	"github.com/docketry/docketry/internal/db"
	"github.com/docketry/docketry/internal/ident"
	personal "github.com/docketry/docketry/internal/letter"
	"github.com/docketry/docketry/rbac"
)

// tell writes to the partner who is responsible that something waits, or where nobody is who may
// decide, to all who may and see the whole firm. Once a day and person, however much there is.
func (s *Service) tell(tx *db.Tx, responsible ident.PersonID) error {
	day, err := s.days(tx)
	if err != nil {
		return err
	}
	kind := personal.RemindersWait(string(day.today))
	if responsible != "" {
		reach, err := s.Guard.Reach(tx, responsible, rbac.ReminderDecide)
		if err != nil {
			return err
		}
		if reach != nil {
			return personal.Write(tx, kind, "", responsible)
		}
	}
	all, err := s.Guard.Holders(tx, rbac.ReminderDecide)
	if err != nil {
		return err
	}
	var told []ident.PersonID
	for _, a := range all {
		if a.WholeFirm() {
			told = append(told, a.Person)
		}
	}
	return personal.Write(tx, kind, "", told...)
}
