-- The roles and the database of docs/postgres.md, for the PostgreSQL image of
-- compose.yaml, which runs this file once, as a superuser, in an empty volume.
-- \getenv needs psql 15 or later.

\getenv migrate_password MIGRATE_PASSWORD
\getenv app_password APP_PASSWORD

create role callwaiting_owner nologin;
create role callwaiting_app nologin;
create role clinic_migrate login password :'migrate_password';
create role clinic_app login password :'app_password';
grant callwaiting_owner to clinic_migrate;
grant callwaiting_app to clinic_app;
create database clinic owner clinic_migrate;
