package backup

import (
	"context"
	"io"
	"os"
	"os/exec"
	"strconv"

	"github.com/jackc/pgx/v5"

	"github.com/docketry/docketry/internal/devstack"
)

// run runs one of PostgreSQL's own programs of the server's version against the
// server of c. Where to connect goes by the environment: arguments, and with them a
// password, are anybody's to read.
func run(ctx context.Context, c *pgx.ConnConfig, server int, program string, args []string, in io.Reader, out io.Writer) error {
	path, err := devstack.PostgresProgram(program, server)
	if err != nil {
		return err
	}
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	var said tail
	into := &watched{Writer: out}
	cmd := exec.CommandContext(ctx, path, args...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = in, into, &said
	cmd.Env = []string{
		"LC_ALL=C", "PGHOST=" + c.Host, "PGPORT=" + strconv.Itoa(int(c.Port)), "PGUSER=" + c.User, "PGPASSWORD=" + c.Password, "PGDATABASE=" + c.Database,
	}
	for _, name := range []string{"PATH", "HOME", "PGSSLMODE", "PGSSLROOTCERT", "PGSSLCERT", "PGSSLKEY"} {
		if v, ok := os.LookupEnv(name); ok {
			cmd.Env = append(cmd.Env, name+"="+v)
		}
	}
	err = cmd.Run()
	switch {
	case into.err != nil:
		return into.err // the program only complains of a closed pipe
	case err != nil:
		return said.error(program, err)
	}
	return nil
}

// watched remembers what its writer refused.
type watched struct {
	io.Writer
	err error
}

func (w *watched) Write(b []byte) (int, error) {
	n, err := w.Writer.Write(b)
	if err != nil {
		w.err = err
	}
	return n, err
}
