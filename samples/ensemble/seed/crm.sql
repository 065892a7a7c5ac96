-- The copies as another application keeps them: other names, other types, its own collation. Times are in UTC.
create table users (
  id         bigint unsigned not null primary key,
  public_id  char(36) not null,
  full_name  varchar(120) not null,
  mail       varchar(190) not null,
  city       varchar(80) null,
  balance    decimal(14,2) not null,
  points     bigint unsigned not null,
  plan       enum('free', 'plus', 'pro') not null,
  tags       json not null,
  settings   json not null,
  born       date not null,
  active     tinyint(1) not null,
  created_at datetime(6) not null,
  updated_at timestamp(6) not null default current_timestamp(6)
) character set utf8mb4 collate utf8mb4_general_ci;

create table orders (
  region     varchar(60) not null,
  number     bigint unsigned not null,
  user_id    bigint unsigned not null,
  sku        varchar(80) not null,
  quantity   smallint unsigned not null,
  total      decimal(14,2) not null,
  state      enum('new', 'paid', 'shipped', 'returned') not null,
  placed_at  datetime(6) not null,
  updated_at timestamp(6) not null default current_timestamp(6),
  primary key (region, number)
) character set utf8mb4 collate utf8mb4_general_ci;
