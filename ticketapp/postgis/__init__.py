"""The database engine of the settings: PostGIS, with a cheaper question of health."""
