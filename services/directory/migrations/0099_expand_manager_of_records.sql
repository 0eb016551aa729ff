-- An erasure finds every record that names the erased as somebody's manager, however long ago.
CREATE INDEX worker_records_manager ON worker_records ((state ->> 'manager_employee_number'))
    WHERE state ->> 'manager_employee_number' IS NOT NULL;
CREATE INDEX units_head ON units (head_employee_number) WHERE head_employee_number IS NOT NULL;
